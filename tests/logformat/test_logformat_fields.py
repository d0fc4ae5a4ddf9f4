from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from flowsql.logformat.fields import (
    BY_NAME,
    CATALOGUE,
    DEFAULT_FIELDS,
    DISTINCT_FIELDS,
    TGW,
    TGW_FIELDS,
    UNKNOWN,
    VPC,
    VPC_FIELDS,
    Field,
    find,
    unknown_field,
)

FACTS = Path(__file__).parents[2].parent / "shared" / "facts" / "fields.csv"


def test_how_many_fields_there_are() -> None:
    assert (len(VPC_FIELDS), len(TGW_FIELDS), len(DISTINCT_FIELDS)) == (54, 36, 72)
    assert len({f.column for f in DISTINCT_FIELDS}) == 72
    assert set(DISTINCT_FIELDS) == set(BY_NAME.values())


@pytest.mark.parametrize(
    ("family", "counts"),
    [
        (VPC, {2: 14, 3: 7, 4: 4, 5: 4, 7: 10, 8: 1, 9: 1, 10: 1, 11: 12}),
        (TGW, {2: 12, 3: 2, 4: 1, 5: 3, 6: 18}),
    ],
    ids=[VPC, TGW],
)
def test_fields_by_version(family: str, counts: dict[int, int]) -> None:
    assert Counter(f.version for f in CATALOGUE if f.family == family) == counts


def test_the_default_format_is_what_aws_writes() -> None:
    assert " ".join(f.name for f in DEFAULT_FIELDS) == (
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes"
        " start end action log-status"
    )


@pytest.mark.parametrize("field", CATALOGUE, ids=[f"{f.family} {f.name}" for f in CATALOGUE])
def test_every_row_is_complete(field: Field) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", field.name)
    assert field.column == field.name.replace("-", "_")
    assert field.column.isidentifier()
    assert field.type in {"int32", "int64", "string"}
    assert len(field.about) > 10
    assert field.about.endswith(".")
    assert field.is_tag == field.name.removesuffix("-2").endswith("-tag")


def test_integers_are_the_ones_that_aws_types_so() -> None:
    int32 = "version srcport dstport protocol tcp-flags traffic-path encryption-status"
    int64 = (
        "packets bytes start end packets-lost-no-route packets-lost-blackhole"
        " packets-lost-mtu-exceeded packets-lost-ttl-expired"
    )
    assert {f.name for f in CATALOGUE if f.type == "int32"} == set(int32.split())
    assert {f.name for f in CATALOGUE if f.type == "int64"} == set(int64.split())


@pytest.mark.parametrize("name", sorted({f.name for f in VPC_FIELDS} & {f.name for f in TGW_FIELDS}))
def test_shared_fields_have_one_column_and_type(name: str) -> None:
    vpc, tgw = find(name)
    assert (vpc.family, tgw.family) == (VPC, TGW)
    assert (vpc.column, vpc.type, vpc.unit) == (tgw.column, tgw.type, tgw.unit)
    assert BY_NAME[name] is vpc


@pytest.mark.parametrize(
    ("typed", "families"),
    [
        ("pkt-srcaddr", [VPC]),
        ("pkt_srcaddr", [VPC]),
        ("${pkt-srcaddr}", [VPC]),
        (" PKT_SRCADDR ", [VPC]),
        ("srcaddr", [VPC, TGW]),
        ("tgw_id", [TGW]),
        ("src-addr", []),
        ("", []),
    ],
)
def test_find(typed: str, families: list[str]) -> None:
    assert [f.family for f in find(typed)] == families


def test_a_field_of_the_future_is_text() -> None:
    field = unknown_field("new-thing")
    assert (field.name, field.column, field.family) == ("new-thing", "new_thing", UNKNOWN)
    assert not field.is_integer
    assert not field.is_tag


@pytest.mark.skipif(not FACTS.exists(), reason="the table of AWS's fields is not beside this checkout")
def test_the_catalogue_agrees_with_the_table_of_facts() -> None:
    types = {"INT_32": "int32", "INT_64": "int64", "STRING": "string"}
    with FACTS.open(newline="") as file:
        facts = [
            (row["family"], row["field"], row["column"], int(row["version"]), types[row["parquet_type"]])
            for row in csv.DictReader(file)
        ]
    assert [(f.family, f.name, f.column, f.version, f.type) for f in CATALOGUE] == facts


@pytest.mark.skipif(not FACTS.exists(), reason="the table of AWS's fields is not beside this checkout")
def test_absence_agrees_with_the_table_of_facts() -> None:
    with FACTS.open(newline="") as file:
        never_absent = {(r["family"], r["field"]) for r in csv.DictReader(file) if r["nullable_dash"] == "no"}
    assert {(f.family, f.name) for f in CATALOGUE if not f.dash} == never_absent
