"""The logs agree with the truth beside them, read independently: record by record, rule by rule."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flowsql.generate.kinds import KINDS, MEANINGS
from flowsql.generate.logs import generate
from flowsql.logformat.fields import TGW_FIELDS
from flowsql.logformat.format_string import parse_format_string

FIELDS = tuple(
    parse_format_string(
        "${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${srcport} ${dstport} ${protocol} "
        "${packets} ${bytes} ${start} ${end} ${action} ${tcp-flags} ${flow-direction} ${log-status}"
    )
)
FIN, SYN, RST = 1, 2, 4
Row = dict[str, str]
Key = tuple[str, str, str, str, str, str]


@dataclass
class Seen:
    """An element of a connection's `seen`, with the records that belong to it."""

    connection: dict[str, Any]
    view: dict[str, Any]
    sent: list[Row] = field(default_factory=list)
    replied: list[Row] = field(default_factory=list)


@dataclass
class Joined:
    connections: list[dict[str, Any]]
    seen: list[Seen]
    rows: list[Row]
    described: dict[str, Any]

    def views_of(self) -> dict[int, list[Seen]]:
        views: dict[int, list[Seen]] = defaultdict(list)
        for seen in self.seen:
            views[seen.connection["connection_id"]].append(seen)
        return views


def rows_of(files: list[Path]) -> Iterator[Row]:
    for file in files:
        header, *lines = gzip.decompress(file.read_bytes()).decode().splitlines()
        names = header.split(" ")
        for line in lines:
            yield dict(zip(names, line.split(" "), strict=True))


def interface_of(row: Row) -> str:
    """Where the record was made; in logs of a transit gateway its interface at that side."""
    if "interface-id" in row:
        return row["interface-id"]
    return row["tgw-dst-eni" if row["flow-direction"] == "egress" else "tgw-src-eni"]


def described(truth: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in truth.glob("*.json")}


def join(files: list[Path], truth: Path) -> Joined:
    """Every record put to the one element of `seen` it belongs to: by interface, addresses, ports and times."""
    connections = pq.read_table(truth / "truth.parquet").to_pylist()
    by_key: dict[Key, list[tuple[Seen, bool]]] = defaultdict(list)
    all_seen = []
    for connection in connections:
        for view in connection["seen"]:
            seen = Seen(connection, view)
            all_seen.append(seen)
            opener = view["opener_address"], str(view["opener_port"])
            server = view["server_address"], str(view["server_port"])
            place = view["interface_id"], str(connection["protocol"])
            if view["sent_records"]:
                by_key[(*place, *opener, *server)].append((seen, False))
            if view["replied_records"]:
                by_key[(*place, *server, *opener)].append((seen, True))
    rows = list(rows_of(files))
    for row in rows:
        if row["log-status"] != "OK":
            continue
        key = (
            interface_of(row),
            row["protocol"],
            row["srcaddr"],
            row["srcport"],
            row["dstaddr"],
            row["dstport"],
        )
        start, end = int(row["start"]), int(row["end"])
        found = [
            (seen, back)
            for seen, back in by_key[key]
            if seen.view["first"] <= start
            and end <= seen.view["last"]
            and row.get("action", "ACCEPT")
            == (seen.view["replied_action"] if back else seen.view["sent_action"])
        ]
        assert len(found) == 1, (row, [(seen.view, seen.connection) for seen, _ in by_key[key]])
        (seen, back), *_ = found
        (seen.replied if back else seen.sent).append(row)
    return Joined(connections, all_seen, rows, described(truth))


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Joined:
    folder = tmp_path_factory.mktemp("truth")
    generated = generate(folder, records=60_000, seed=11, fields=FIELDS)
    assert generated.truth
    return join(generated.files, generated.truth)


def check_counts(joined: Joined) -> None:
    """Every view has exactly the records it tells of, up to those that were lost."""
    for seen in joined.seen:
        view = seen.view
        lost = view["missing_records"] + view["skipped_records"]
        assert len(seen.sent) + len(seen.replied) + lost == view["sent_records"] + view["replied_records"], (
            seen
        )
        for way, rows in (("sent", seen.sent), ("replied", seen.replied)):
            counts = [len(rows), sum(int(r["packets"]) for r in rows), sum(int(r["bytes"]) for r in rows)]
            told = [view[f"{way}_{what}"] for what in ("records", "packets", "bytes")]
            assert counts == told or (lost and all(a <= b for a, b in zip(counts, told, strict=True))), seen
            if rows and "flow-direction" in rows[0]:
                assert {row["flow-direction"] for row in rows} == {view[f"{way}_direction"]}


def test_every_record_belongs_to_one_view_and_every_view_has_its_records(joined: Joined) -> None:
    check_counts(joined)
    ids = [connection["connection_id"] for connection in joined.connections]
    assert ids == list(range(len(ids)))
    assert {connection["kind"] for connection in joined.connections} >= set(MEANINGS) - {"peering", "admin"}


@given(
    seed=st.integers(0, 10**9),
    interval_s=st.sampled_from([60, 600]),
    missing=st.integers(0, 2),
    late=st.integers(0, 2),
    overlap=st.booleans(),
    duration_s=st.sampled_from([None, 3600, 6 * 3600]),
    share=st.sampled_from(KINDS),
)
@example(2, 60, 2, 0, False, None, next(kind for kind in KINDS if kind.name == "beacon"))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_join_holds_for_all_options(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    interval_s: int,
    missing: int,
    late: int,
    overlap: bool,
    duration_s: int | None,
    share: Any,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    generated = generate(
        folder,
        records=3_000,
        seed=seed,
        interval_s=interval_s,
        missing_files=missing,
        late_files=late,
        overlap=overlap,
        duration_s=duration_s,
        shares={} if share.period_s else {share.name: 0.3},
    )
    files = [*generated.files, *generated.late_files]
    assert generated.truth
    second = {
        log["FlowLogId"]
        for log in join([], generated.truth).described["describe-flow-logs"]["FlowLogs"]
        if log["TrafficType"] == "REJECT"
    }
    assert bool(second) is overlap
    joined = join([file for file in files if file.name.split("_")[3] not in second], generated.truth)
    check_counts(joined)
    copies = join([file for file in files if file.name.split("_")[3] in second], generated.truth).rows
    assert len(joined.rows) + len(copies) == 3_000
    assert {row["action"] for row in copies} <= {"REJECT", "-"}
    originals = {tuple(row.values()) for row in joined.rows}
    assert all(tuple(row.values()) in originals for row in copies if row["log-status"] == "OK")


def test_transit_gateway_logs_join_by_the_attachment_interface(tmp_path: Path) -> None:
    generated = generate(tmp_path, records=5_000, seed=2, fields=TGW_FIELDS)
    assert generated.truth
    joined = join(generated.files, generated.truth)
    check_counts(joined)
    flags = {int(row["tcp-flags"]) for row in joined.rows if row["log-status"] == "OK"}
    assert flags & {2 | 8 | 16, 3 | 8 | 16}, "transit gateways record ACK and PSH, too"
    assert 16 not in flags
    lost = [row for row in joined.rows if row["packets-lost-no-route"] not in ("0", "-")]
    assert lost
    assert all(row["packets-lost-no-route"] == row["packets"] for row in lost)


class Rules:
    """Security groups and network ACLs, evaluated from the descriptions alone."""

    def __init__(self, described: dict[str, Any]) -> None:
        self._groups = {g["GroupId"]: g for g in described["describe-security-groups"]["SecurityGroups"]}
        self._acl_of = {
            association["SubnetId"]: acl
            for acl in described["describe-network-acls"]["NetworkAcls"]
            for association in acl["Associations"]
        }
        self.interfaces = {
            i["NetworkInterfaceId"]: i for i in described["describe-network-interfaces"]["NetworkInterfaces"]
        }
        self._cidr_of = {
            s["SubnetId"]: [
                ip_network(s["CidrBlock"]),
                *(ip_network(a["Ipv6CidrBlock"]) for a in s["Ipv6CidrBlockAssociationSet"]),
            ]
            for s in described["describe-subnets"]["Subnets"]
        }
        self._members: dict[str, set[str]] = defaultdict(set)
        for interface in self.interfaces.values():
            addresses = {a["PrivateIpAddress"] for a in interface["PrivateIpAddresses"]}
            addresses |= {a["Ipv6Address"] for a in interface["Ipv6Addresses"]}
            for group in interface["Groups"]:
                self._members[group["GroupId"]] |= addresses
        self._cache: dict[object, bool] = {}

    def groups_pass(self, interface: str, peer: str, protocol: int, port: int, *, egress: bool) -> bool:
        groups = self.interfaces[interface]["Groups"]
        rules = "IpPermissionsEgress" if egress else "IpPermissions"
        return not groups or any(
            self._permits(permission, peer, protocol, port)
            for group in groups
            for permission in self._groups[group["GroupId"]][rules]
        )

    def _permits(self, permission: dict[str, Any], peer: str, protocol: int, port: int) -> bool:
        names = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
        if permission["IpProtocol"] not in ("-1", names[protocol]):
            return False
        if (
            permission["IpProtocol"] in ("tcp", "udp")
            and not permission["FromPort"] <= port <= permission["ToPort"]
        ):
            return False
        address = ip_address(peer)
        cidrs = [r["CidrIp"] for r in permission["IpRanges"]] + [
            r["CidrIpv6"] for r in permission["Ipv6Ranges"]
        ]
        return any(address in ip_network(cidr) for cidr in cidrs) or any(
            peer in self._members[pair["GroupId"]] for pair in permission["UserIdGroupPairs"]
        )

    def acl_passes(self, interface: str, peer: str, protocol: int, port: int, *, egress: bool) -> bool:
        subnet = self.interfaces[interface]["SubnetId"]
        address = ip_address(peer)
        if any(address in cidr for cidr in self._cidr_of[subnet]):
            return True  # nothing inside a subnet passes its ACL
        entries = sorted(self._acl_of[subnet]["Entries"], key=lambda entry: entry["RuleNumber"])
        for entry in entries:
            cidr = ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"])
            ports = entry.get("PortRange", {"From": 0, "To": 65535})
            if (
                entry["Egress"] is egress
                and entry["Protocol"] in ("-1", str(protocol))
                and address in cidr
                and ports["From"] <= port <= ports["To"]
            ):
                return entry["RuleAction"] == "allow"
        raise AssertionError("an ACL ends with a rule that denies everything")


def test_actions_follow_from_the_described_groups_and_acls(joined: Joined) -> None:
    """Groups judge what opens, and what comes after the end; ACLs judge every packet."""
    rules = Rules(joined.described)
    judged: dict[tuple[Any, ...], bool] = {}
    rejected = 0
    for seen in joined.seen:
        connection = seen.connection
        expired_at_patient = _still_tracked(rules, seen)
        for rows, back in ((seen.sent, False), (seen.replied, True)):
            stateful = (
                back and not seen.view["stray"] and connection["kind"] != "backscatter"
            ) or expired_at_patient
            for row in rows:
                egress = row["flow-direction"] == "egress"
                peer = row["pkt-dstaddr"] if egress else row["pkt-srcaddr"]
                key = (row["interface-id"], peer, int(row["protocol"]), int(row["dstport"]), egress, stateful)
                if key not in judged:
                    interface, peer, protocol, port, egress, stateful = key
                    judged[key] = rules.acl_passes(interface, peer, protocol, port, egress=egress) and (
                        stateful or rules.groups_pass(interface, peer, protocol, port, egress=egress)
                    )
                assert (row["action"] == "ACCEPT") is judged[key], (row, connection)
                rejected += row["action"] == "REJECT"
    assert rejected > 1000


def _still_tracked(rules: Rules, seen: Seen) -> bool:
    """An interface without a shortened time-out remembers a silent connection for days."""
    interface = rules.interfaces[seen.view["interface_id"]]
    return (
        seen.view["stray"]
        and seen.connection["reject_kind"] == "expired"
        and ("ConnectionTrackingConfiguration" not in interface)
    )


def test_refusals_name_the_filter_that_refuses(joined: Joined) -> None:
    rules = Rules(joined.described)
    seen_filters = set()
    for connection in joined.connections:
        rejecting = [
            (view, way)
            for view in connection["seen"]
            for way in ("sent", "replied")
            if view[f"{way}_action"] == "REJECT"
        ]
        if connection["refused_filter"] is None:
            assert not rejecting
            assert connection["reject_kind"] is None
            continue
        if connection["kind"] == "rejected" and not rejecting:
            continue  # refused where nobody logs
        (view, way), *others = rejecting or [(None, None)]
        if view is None:
            assert connection["reject_kind"] in ("late", "expired")  # cut short by the end of the logs
            continue
        assert not others
        assert view["interface_id"] == connection["refused_interface_id"]
        assert view[f"{way}_direction"] == connection["refused_direction"]
        egress = connection["refused_direction"] == "egress"
        ends = [(view["opener_address"], view["opener_port"]), (view["server_address"], view["server_port"])]
        source, target = ends if way == "sent" else ends[::-1]
        peer = target[0] if egress else source[0]
        arguments = view["interface_id"], peer, connection["protocol"], target[1]
        by_acl = not rules.acl_passes(*arguments, egress=egress)
        by_group = not rules.groups_pass(*arguments, egress=egress)
        assert by_acl if connection["refused_filter"] == "network-acl" else by_group
        assert (connection["refused_rule"] is None) is (connection["refused_filter"] == "security-group")
        seen_filters.add(
            (connection["refused_filter"], connection["refused_direction"], connection["refused_leg"])
        )
    assert seen_filters >= {
        ("security-group", "ingress", "request"),
        ("security-group", "egress", "request"),
        ("network-acl", "ingress", "request"),
        ("network-acl", "egress", "reply"),
        ("security-group", "ingress", "stray"),
        ("security-group", "egress", "stray"),
        ("security-group", "ingress", "reply"),
    }


def test_reject_kinds_are_those_of_the_flags(joined: Joined) -> None:
    """What flags and the rest of the connection say of a rejected record, if one knows nothing else."""
    kinds = set()
    for seen in joined.seen:
        for back, rows in ((False, seen.sent), (True, seen.replied)):
            for row in (r for r in rows if r["action"] == "REJECT" and r["protocol"] == "6"):
                flags, connection = int(row["tcp-flags"]), seen.connection
                opening = any(
                    int(r["tcp-flags"]) & 18 == SYN for other in _all(joined, seen) for r in other.sent
                )
                if flags & 18 == SYN:
                    kind = "attempt"
                elif not opening:
                    kind = "backscatter"
                elif not seen.view["stray"]:
                    kind = "reply"
                else:
                    closed = any(int(r["tcp-flags"]) & (FIN | RST) for r in _rows_before(joined, seen))
                    kind = "late" if closed else "expired"
                assert back or kind == "attempt"
                assert kind == connection["reject_kind"], (row, connection)
                kinds.add(kind)
    assert kinds == {"attempt", "backscatter", "reply", "late", "expired"}


def _all(joined: Joined, seen: Seen) -> list[Seen]:
    if not hasattr(joined, "by_id"):
        joined.by_id = joined.views_of()  # type: ignore[attr-defined]
    by_id: dict[int, list[Seen]] = joined.by_id  # type: ignore[attr-defined]
    return by_id[seen.connection["connection_id"]]


def _rows_before(joined: Joined, seen: Seen) -> list[Row]:
    return [
        row
        for other in _all(joined, seen)
        if not other.view["stray"]
        for row in (*other.sent, *other.replied)
    ]


def test_flags_are_those_of_the_outcome(joined: Joined) -> None:
    """Openers never send SYN-ACK, servers nothing but; silent and rejected ones have no answer at all."""
    for seen in joined.seen:
        if seen.connection["protocol"] != 6 or seen.view["stray"]:
            continue
        sent, replied = ([int(row["tcp-flags"]) for row in rows] for rows in (seen.sent, seen.replied))
        assert all(not flags & 16 for flags in sent)
        outcome = seen.connection["outcome"]
        if outcome in ("silent", "rejected", "no-route", "dropped-by-nat"):
            assert not replied
            assert set(sent) <= {SYN}
        elif outcome == "refused-by-host":
            assert set(replied) == {RST}
        elif outcome == "backscatter":
            assert not sent
            assert set(replied) <= {18, RST}
        elif outcome == "answered" and not seen.view["skipped_records"]:
            assert not sent or sent[0] & SYN
            assert not replied or replied[0] & 18 == 18 or replied[0] & RST


def test_what_each_kind_promises(joined: Joined) -> None:
    by_kind = defaultdict(list)
    for connection in joined.connections:
        by_kind[connection["kind"]].append(connection)
    swept = {c["server_port"] for c in by_kind["scan-vertical"]}
    assert len(swept) > 30
    assert len({c["server_address"] for c in by_kind["scan-horizontal"]}) > 10
    beacons = defaultdict(list)
    for beacon in by_kind["beacon"]:
        beacons[beacon["opener_address"]].append(beacon["first"])
    for times, period in zip(sorted(beacons.values(), key=len, reverse=True), (120, 300), strict=True):
        gaps = [b - a for a, b in zip(sorted(times), sorted(times)[1:], strict=False)]
        assert all(abs(gap - period) <= 60 for gap in gaps)
    assert all(c["sent_bytes"] > 100_000 for c in by_kind["exfiltration"])
    assert all(c["server_port"] > c["opener_port"] for c in by_kind["high-port"])
    reused = [c for c in by_kind["reused-port"] if c["reused_port"]]
    spans = {
        (c["opener_address"], c["opener_port"], c["server_address"]): c
        for c in by_kind["reused-port"]
        if not c["reused_port"]
    }
    assert reused
    for again in reused:
        before = spans[again["opener_address"], again["opener_port"], again["server_address"]]
        assert before["closed"]
        assert before["last"] < again["first"]
    for retry in by_kind["retry"]:
        assert retry["sent_packets"] in (6, 7)
        assert retry["last"] - retry["first"] <= 127 + 60
    assert any("secondary-address" in c["tags"] for c in joined.connections)
    assert any("transit" in c["tags"] and "nat" in c["tags"] for c in joined.connections)


def test_one_tuple_has_both_actions_in_one_interval(joined: Joined) -> None:
    actions = defaultdict(set)
    for row in joined.rows:
        key = tuple(
            row[name] for name in ("interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol")
        )
        if row["log-status"] == "OK":
            actions[key, int(row["start"]) // 60].add(row["action"])
    assert {"ACCEPT", "REJECT"} in actions.values()


def test_silence_and_overload_are_told(joined: Joined) -> None:
    statuses = {row["log-status"] for row in joined.rows}
    assert statuses == {"OK", "NODATA", "SKIPDATA"}
    assert any(seen.view["skipped_records"] for seen in joined.seen)


def test_two_vpcs_have_the_same_addresses(joined: Joined) -> None:
    interfaces = joined.described["describe-network-interfaces"]["NetworkInterfaces"]
    vpcs_of = defaultdict(set)
    for interface in interfaces:
        for address in interface["PrivateIpAddresses"]:
            vpcs_of[address["PrivateIpAddress"]].add(interface["VpcId"])
    assert any(len(vpcs) > 1 for vpcs in vpcs_of.values())
