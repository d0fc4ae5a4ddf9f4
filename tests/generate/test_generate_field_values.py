"""What stands in the fields: legal by itself, and in agreement with the rest of the record."""

from __future__ import annotations

import gzip
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote

import pytest

from flowsql.generate import field_values
from flowsql.generate.logs import generate
from flowsql.logformat.fields import CATALOGUE, TGW_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import parse_format_string

Row = dict[str, str]


def rows_of(directory: Path, fields: tuple[Field, ...]) -> list[Row]:
    files = generate(directory, records=20_000, fields=fields).files
    names = [field.name for field in fields]
    lines = (line for file in files for line in gzip.decompress(file.read_bytes()).decode().splitlines()[1:])
    return [dict(zip(names, line.split(" "), strict=True)) for line in lines]


@pytest.fixture(scope="module")
def vpc(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return rows_of(tmp_path_factory.mktemp("vpc"), VPC_FIELDS)


@pytest.fixture(scope="module")
def tgw(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return rows_of(tmp_path_factory.mktemp("tgw"), TGW_FIELDS)


def flows(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["log-status"] == "OK"]


def test_every_field_of_the_catalogue_is_filled_or_known_to_be_absent(vpc: list[Row], tgw: list[Row]) -> None:
    for rows in (vpc, tgw):
        absent = {name for name in rows[0] if all(row[name] == "-" for row in rows)}
        assert absent == field_values.NEVER_FILLED & set(rows[0])
    assert {field.name for field in CATALOGUE} >= field_values.NEVER_FILLED


@pytest.mark.parametrize(
    ("log_format", "version"),
    [
        ("default", "2"),
        ("version vpc-id", "3"),
        ("version traffic-path", "5"),
        ("all", "11"),
        ("tgw", "6"),
        ("version made-up", "2"),
    ],
    ids=lambda text: text,
)
def test_version_is_the_highest_of_the_fields(tmp_path: Path, log_format: str, version: str) -> None:
    file = generate(tmp_path, records=5, fields=parse_format_string(log_format)).files[0]
    assert {line.split(b" ")[0] for line in gzip.decompress(file.read_bytes()).splitlines()[1:]} == {
        version.encode()
    }


def test_type_protocol_and_ports_agree_with_the_addresses(vpc: list[Row]) -> None:
    for row in flows(vpc):
        source, target = ip_address(row["srcaddr"]), ip_address(row["dstaddr"])
        assert source.version == target.version
        assert str(source) == row["srcaddr"]
        assert row["type"] == f"IPv{source.version}"
        # Only the interface's own side is shown by its primary address.
        far = "dstaddr" if row["flow-direction"] == "egress" else "srcaddr"
        assert row[f"pkt-{far}"] == row[far]
        assert row["protocol"] in (("6", "17", "1") if source.version == 4 else ("6", "17", "58"))
        assert (row["srcport"] == "0") == (row["dstport"] == "0") == (row["protocol"] in ("1", "58"))


@pytest.mark.parametrize("family", ["vpc", "tgw"])
def test_records_without_flow_keep_the_interface_and_the_times(
    family: str, request: pytest.FixtureRequest
) -> None:
    rows: list[Row] = request.getfixturevalue(family)
    without_flow = [row for row in rows if row["log-status"] != "OK"]
    # Every attachment of a transit gateway has some traffic in every interval.
    statuses = {"SKIPDATA"} if family == "tgw" else {"NODATA", "SKIPDATA"}
    assert {row["log-status"] for row in without_flow} == statuses
    filled = set.union(*({name for name, value in row.items() if value != "-"} for row in without_flow))
    empty = set(rows[0]) - filled
    assert {"version", "account-id", "start", "end", "region", "log-status"} <= filled
    assert {"srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes"} <= empty
    assert {"tcp-flags", "type", "flow-direction", "pkt-src-aws-service"} <= empty
    assert not {"action", "traffic-path", "next-hop-vpc-id", "tgw-src-vpc-id", "pkt-srcaddr"} & filled


def test_traffic_path_is_for_egress_and_says_where_to(vpc: list[Row]) -> None:
    seen = set()
    for row in flows(vpc):
        path = row["traffic-path"]
        seen.add(path)
        if row["flow-direction"] == "ingress":
            assert path == "-"
        elif path == "8":
            assert row["next-hop-interface-id"] == "-"
            assert not ip_address(row["dstaddr"]).is_private
        elif path == "7":
            assert row["pkt-dst-aws-service"] == "S3"
        elif path == "1" and row["next-hop-vpc-id"] != "-":
            assert row["next-hop-vpc-id"] == row["vpc-id"]
        elif path == "4":
            assert row["next-hop-vpc-id"] != row["vpc-id"]
    assert seen == {"-", "1", "4", "7", "8"}


def test_next_hop_is_described_as_in_its_own_records(vpc: list[Row]) -> None:
    own = {row["interface-id"]: row for row in vpc}
    seen = set()
    for row in flows(vpc):
        if peer := own.get(row["next-hop-interface-id"]):
            seen.add(row["next-hop-interface-type"])
            for name in ("vpc-id", "subnet-id", "az-id", "interface-type"):
                assert row[f"next-hop-{name}"] == peer[name]
    assert seen == {"-", "nat_gateway", "transit_gateway", "vpc_endpoint"}


def test_the_interface_is_described_the_same_in_all_its_records(vpc: list[Row]) -> None:
    names = ["vpc-id", "subnet-id", "instance-id", "az-id", "instance-tag", "interface-tag", "ecs-task-id"]
    described = {(row["interface-id"], *(row[name] for name in names)) for row in vpc}
    assert len(described) == len({row["interface-id"] for row in vpc})


def test_tags_are_percent_encoded(vpc: list[Row]) -> None:
    for field in (field for field in VPC_FIELDS if field.is_tag):
        assert all(value.isascii() for value in {row[field.name] for row in vpc})
    tags = {unquote(row["instance-tag"]) for row in vpc}
    assert any(" " in tag and not tag.isascii() for tag in tags)
    assert "100% batch" in tags


def test_services_without_instance(vpc: list[Row]) -> None:
    for row in vpc:
        if row["interface-type"] != "-" or row["ecs-task-id"] != "-" or row["interface-tag-2"] == "alb":
            assert row["instance-id"] == row["instance-tag"] == "-"
        else:
            assert row["instance-id"].startswith("i-")


def test_transit_gateway_joins_two_vpcs(tgw: list[Row]) -> None:
    for row in flows(tgw):
        assert row["tgw-src-vpc-id"] != row["tgw-dst-vpc-id"]
        assert row["tgw-attachment-id"] != row["tgw-pair-attachment-id"]
        assert row["packets-lost-no-route"] in ("0", row["packets"])
    lost = {row["packets-lost-no-route"] for row in flows(tgw)}
    assert "0" in lost
    assert len(lost) > 1


def test_transit_gateway_direction_is_seen_from_the_gateway(tgw: list[Row]) -> None:
    """Its own VPC's packets come in at an attachment, those for its VPC go out there."""
    vpc_of = {
        row["tgw-attachment-id"]: row["tgw-src-vpc-id"]
        for row in flows(tgw)
        if row["flow-direction"] == "ingress"
    }
    leaving = [row for row in flows(tgw) if row["flow-direction"] == "egress"]
    assert leaving
    assert all(vpc_of[row["tgw-attachment-id"]] == row["tgw-dst-vpc-id"] for row in leaving)
