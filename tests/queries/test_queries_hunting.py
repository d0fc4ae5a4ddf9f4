"""What hunts: every case against plain Python, and scans, beacons and uploads against the truth of generated logs."""

from __future__ import annotations

import ipaddress
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases, generated_logs

USUAL = (53, 123, 853, 5353)
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}


@dataclass
class Conversation:
    """What an interface saw between two ends: enough for logs of which the opener is plain."""

    interface: str
    protocol: int
    client: tuple[str, int]
    server: tuple[str, int]
    sent: list[Record]
    received: list[Record]

    @property
    def first(self) -> int:
        return min(r["start"] for r in [*self.sent, *self.received])

    @property
    def last(self) -> int:
        return max(r["end"] for r in [*self.sent, *self.received])

    @property
    def bytes_sent(self) -> int:
        return sum(r["bytes"] for r in self.sent)

    @property
    def bytes_received(self) -> int:
        return sum(r["bytes"] for r in self.received)

    @property
    def is_rejected(self) -> bool:
        return all(r["action"] == "REJECT" for r in [*self.sent, *self.received])

    @property
    def is_answered(self) -> bool:
        return bool(self.sent and self.received)


def conversations(asked: Asked) -> list[Conversation]:
    """Records with the same two ends at one interface; the client is who sent SYN alone, else the higher port."""
    groups: dict[Any, list[Record]] = defaultdict(list)
    for r in asked.flows:
        ends = frozenset([(r["srcaddr"], r["srcport"]), (r["dstaddr"], r["dstport"])])
        groups[r["interface_id"], r["protocol"], ends].append(r)
    return [_conversation(interface, protocol, group) for (interface, protocol, _), group in groups.items()]


def _conversation(interface: str, protocol: int, group: list[Record]) -> Conversation:
    first = group[0]
    ends = [(first["srcaddr"], first["srcport"]), (first["dstaddr"], first["dstport"])]
    openers = [(r["srcaddr"], r["srcport"]) for r in group if (r["tcp_flags"] or 0) & 18 == 2]
    answerers = [(r["dstaddr"], r["dstport"]) for r in group if (r["tcp_flags"] or 0) & 18 == 18]
    client = (openers or answerers or [max(ends, key=lambda end: end[1])])[0]
    if protocol == 6 and first["tcp_flags"] is None:
        client = ends[0]
    server = next((end for end in ends if end != client), client)
    sent = [r for r in group if (r["srcaddr"], r["srcport"]) == client]
    return Conversation(interface, protocol, client, server, sent, [r for r in group if r not in sent])


def is_private(address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network("10.0.0.0/8")


def once(found: Iterable[Conversation], key: Callable[[Conversation], Any]) -> dict[Any, list[Conversation]]:
    groups: dict[Any, list[Conversation]] = defaultdict(list)
    for conversation in found:
        groups[key(conversation)].append(conversation)
    return groups


def is_even(times: list[int]) -> bool:
    """Whether attempts come at a steadier pace than chance: four deviations, by Wilson and Hilferty."""
    quarters = [t // 900 for t in times]
    length = max(quarters) - min(quarters) + 1
    parts = min(length, 24)
    counts = [0] * parts
    for quarter in quarters:
        counts[(quarter - min(quarters)) * parts // length] += 1
    freedom, mean = parts - 1, len(times) / parts
    if length < 12 or max(quarters.count(q) for q in quarters) >= 40 or mean < 1:
        return False
    index = statistics.pvariance(counts) / mean
    return index ** (1 / 3) < 1 - 2 / (9 * freedom) - 4 * (2 / (9 * freedom)) ** 0.5


def slow_scans(targets: dict[Any, list[Conversation]]) -> Iterator[Record]:
    for source in {source for source, *_ in targets}:
        tried = {key: group for key, group in targets.items() if key[0] == source}
        failed = [c for group in tried.values() for c in group if not c.is_answered]
        if len(tried) >= 5 and failed and is_even([c.first for c in failed]):
            every = [c for group in tried.values() for c in group]
            yield {
                "kind": "slow",
                "direction": "internal" if is_private(source) else "inbound",
                "source_addr": source,
                "target_addr": None,
                "target_port": None,
                "hosts": len({host for _, host, _ in tried}),
                "ports": len({port for *_, port in tried}),
                "attempts": len(every),
                "answered": 0,
                "first_time": Time(min(c.first for c in every)),
                "last_time": Time(max(c.first for c in every)),
            }


def scans(asked: Asked) -> list[Record]:
    wanted = asked.parameters
    targets: dict[Any, list[Conversation]] = once(
        (c for c in conversations(asked) if c.sent), lambda c: (c.client[0], *c.server)
    )
    by_host, by_port = defaultdict(list), defaultdict(list)
    for (source, host, port), tried in targets.items():
        by_host["vertical", source, host, None].append(tried)
        by_port["horizontal", source, None, port].append(tried)
    rows = list(slow_scans(targets))
    for groups, least in ((by_host, wanted["min_ports"]), (by_port, wanted["min_hosts"])):
        for (kind, source, host, port), group in groups.items():
            answered = sum(any(c.is_answered for c in tried) for tried in group)
            if len(group) - answered < least or len(group) - answered < wanted["min_failed"] * len(group):
                continue
            every = [c for tried in group for c in tried]
            rows.append(
                {
                    "kind": kind,
                    "direction": "internal" if is_private(source) else "inbound",
                    "source_addr": source,
                    "target_addr": host,
                    "target_port": port,
                    "hosts": 1 if host else len(group),
                    "ports": 1 if port else len(group),
                    "attempts": len(every),
                    "answered": answered,
                    "first_time": Time(min(c.first for c in every)),
                    "last_time": Time(max(c.first for c in every)),
                }
            )
    return sorted(rows, key=lambda row: (row["answered"] == 0, -max(row["hosts"], row["ports"])))


def beacons(asked: Asked) -> list[Record]:
    wanted = asked.parameters
    rows, left_out = [], 0
    series = once(conversations(asked), lambda c: (c.client[0], *c.server, c.protocol))
    for (client, server, port, protocol), group in series.items():
        group.sort(key=lambda c: c.first)
        calls = [c for n, c in enumerate(group) if n == 0 or c.first - group[n - 1].first >= 30]
        if len(calls) < wanted["min_calls"] or is_private(server) != (wanted["to"] == "internal"):
            continue
        starts = [c.first for c in group]
        pauses = sorted(b - a for a, b in pairwise(starts) if b - a >= 30)
        period = pauses[len(calls) // 2 - 1]
        usual = statistics.median_low([c.bytes_sent for c in calls])
        tolerance = max(min(60, period / 4), period / 10)
        interval_share = sum(abs(p - period) <= tolerance for p in pauses) / (len(calls) - 1)
        size_share = sum(abs(c.bytes_sent - usual) <= usual / 10 for c in calls) / len(calls)
        if interval_share * size_share < wanted["min_score"] or period < 90:
            continue
        if port in USUAL:
            left_out += 1
            continue
        rows.append(
            {
                "client_addr": client,
                "server_addr": server,
                "server_port": port,
                "protocol_name": PROTOCOLS[protocol],
                "calls": len(calls),
                "period_s": period,
                "interval_share": round(interval_share, 2),
                "size_share": round(size_share, 2),
                "usual_bytes": usual,
                "bytes_sent": sum(c.bytes_sent for c in calls),
                "bytes_received": sum(c.bytes_received for c in calls),
                "first_time": Time(calls[0].first),
                "last_time": Time(calls[-1].first),
            }
        )
    return [{**row, "left_out": left_out} for row in rows]


def to_internet(asked: Asked) -> dict[Any, list[Conversation]]:
    """Answered conversations of private clients with others, by client and server."""
    found = (
        c
        for c in conversations(asked)
        if c.is_answered and is_private(c.client[0]) and not is_private(c.server[0])
    )
    return once(found, lambda c: (c.client[0], c.server[0]))


def exfil_ratio(asked: Asked) -> list[Record]:
    wanted, pairs = asked.parameters, to_internet(asked)
    sent_in_all = sum(c.bytes_sent for group in pairs.values() for c in group)
    rows = []
    for (client, server), group in pairs.items():
        sent, received = sum(c.bytes_sent for c in group), sum(c.bytes_received for c in group)
        hosts = sum(other == server for _, other in pairs)
        enough = sent >= wanted["min_bytes"] and sent >= wanted["min_ratio"] * received
        if enough and hosts <= wanted["max_hosts"]:
            rows.append(
                {
                    "client_addr": client,
                    "server_addr": server,
                    "conversations": len(group),
                    "bytes_sent": sent,
                    "bytes_received": received,
                    "ratio": round(sent / received, 1),
                    "sent_percent": round(100 * sent / sent_in_all, 2),
                    "hosts": hosts,
                    "first_time": Time(min(c.first for c in group)),
                    "last_time": Time(max(c.last for c in group)),
                }
            )
    return sorted(rows, key=lambda row: (-row["bytes_sent"], row["client_addr"]))


def ends(c: Conversation) -> Record:
    return {
        "client_addr": c.client[0],
        "client_port": c.client[1],
        "server_addr": c.server[0],
        "server_port": c.server[1],
        "protocol_name": PROTOCOLS[c.protocol],
    }


def long_connections(asked: Asked) -> list[Record]:
    found = [
        c
        for c in conversations(asked)
        if c.last - c.first >= asked.parameters["longer_than"] and c.server[1] != 123
    ]
    return [
        {
            **ends(c),
            "duration_s": c.last - c.first,
            "bytes_to_server": c.bytes_sent,
            "bytes_to_client": c.bytes_received,
            "first_time": Time(c.first),
            "last_time": Time(c.last),
            "capture_point": c.interface,
        }
        for c in sorted(found, key=lambda c: c.first - c.last)
    ]


def strobes(asked: Asked) -> list[Record]:
    pairs = once(conversations(asked), lambda c: (c.client[0], *c.server, c.protocol))
    many = {key: group for key, group in pairs.items() if len(group) >= asked.parameters["min_count"]}
    rows = []
    for (client, server, port, protocol), group in many.items():
        first, last = min(c.first for c in group), max(c.last for c in group)
        rows.append(
            {
                "client_addr": client,
                "server_addr": server,
                "server_port": port,
                "protocol_name": PROTOCOLS[protocol],
                "conversations": len(group),
                "failed": sum(not c.is_answered for c in group),
                "per_minute": round(len(group) * 60 / max(last - first, 60), 1),
                "bytes_to_server": sum(c.bytes_sent for c in group),
                "bytes_to_client": sum(c.bytes_received for c in group),
                "first_time": Time(first),
                "last_time": Time(last),
                "left_out": sum(key[2] in USUAL for key in many),
            }
        )
    shown = [row for row in rows if row["server_port"] not in USUAL]
    return sorted(shown, key=lambda row: (-row["conversations"], row["client_addr"], row["server_addr"]))


def rare_destinations(asked: Asked) -> list[Record]:
    servers = defaultdict(list)
    for (_, server), group in to_internet(asked).items():
        servers[server].append(group)
    rows = []
    for server, groups in servers.items():
        every = [c for group in groups for c in group]
        if len(groups) <= asked.parameters["max_hosts"]:
            rows.append(
                {
                    "server_addr": server,
                    "hosts": len(groups),
                    "a_host": min(c.client[0] for c in every),
                    "a_port": min(c.server[1] for c in every),
                    "ports": max(len({c.server[1] for c in group}) for group in groups),
                    "conversations": len(every),
                    "bytes_sent": sum(c.bytes_sent for c in every),
                    "bytes_received": sum(c.bytes_received for c in every),
                    "first_time": Time(min(c.first for c in every)),
                    "last_time": Time(max(c.last for c in every)),
                }
            )
    return sorted(rows, key=lambda row: -row["bytes_sent"])


def large_transfers(asked: Asked) -> list[Record]:
    rows = [
        {
            **ends(c),
            "bytes": c.bytes_sent + c.bytes_received,
            "bytes_to_server": c.bytes_sent,
            "bytes_to_client": c.bytes_received,
            "duration_s": c.last - c.first,
            "first_time": Time(c.first),
            "last_time": Time(c.last),
        }
        for c in conversations(asked)
        if c.bytes_sent + c.bytes_received >= asked.parameters["min_bytes"]
    ]
    return sorted(rows, key=lambda row: -row["bytes"])


def lateral_movement(asked: Asked) -> list[Record]:
    port = asked.parameters["port"]
    ports = (22, 135, 139, 445, 3389, 5985, 5986) if port is None else (port,)
    found = (
        c
        for c in conversations(asked)
        if c.protocol == 6 and c.server[1] in ports and is_private(c.client[0]) and is_private(c.server[0])
    )
    rows = []
    for (client, server_port), group in once(found, lambda c: (c.client[0], c.server[1])).items():
        hosts = once(group, lambda c: c.server[0])
        rows.append(
            {
                "client_addr": client,
                "server_port": server_port,
                "hosts": len(hosts),
                "reached": sum(any(c.is_answered for c in tried) for tried in hosts.values()),
                "rejected": sum(any(c.is_rejected for c in tried) for tried in hosts.values()),
                "a_host": min(hosts),
                "first_time": Time(min(c.first for c in group)),
                "last_time": Time(max(c.last for c in group)),
            }
        )
    return sorted(rows, key=lambda row: (-row["hosts"], -row["reached"], row["client_addr"]))


def dns_other_resolvers(asked: Asked) -> list[Record]:
    allowed = ipaddress.ip_network(asked.parameters["cidr"] or "255.255.255.255/32")
    rows = []
    for (client, server), group in to_internet(asked).items():
        if ipaddress.ip_address(server) not in allowed and group[0].server[1] in (53, 853):
            rows.append(
                {
                    "client_addr": client,
                    "server_addr": server,
                    "server_port": group[0].server[1],
                    "conversations": len(group),
                    "answered": len(group),
                    "bytes_sent": sum(c.bytes_sent for c in group),
                    "bytes_received": sum(c.bytes_received for c in group),
                    "first_time": Time(min(c.first for c in group)),
                    "last_time": Time(max(c.last for c in group)),
                }
            )
    return sorted(rows, key=lambda row: -row["conversations"])


def icmp_anomalies(asked: Asked) -> list[Record]:
    wanted = asked.parameters
    senders = defaultdict(list)
    for r in asked.flows:
        if r["protocol"] in (1, 58):
            senders[r["srcaddr"]].append(r)
    rows = []
    for sender, group in senders.items():
        hosts, packets = len({r["dstaddr"] for r in group}), sum(r["packets"] for r in group)
        bytes_ = sum(r["bytes"] for r in group)
        what = {
            "sweep": hosts >= wanted["min_hosts"],
            "large": bytes_ >= packets * wanted["min_size"],
            "many": packets >= wanted["min_packets"],
        }
        if any(what.values()):
            rows.append(
                {
                    "sender_addr": sender,
                    "what": " ".join(name for name, holds in what.items() if holds),
                    "hosts": hosts,
                    "packets": packets,
                    "bytes": bytes_,
                    "bytes_per_packet": round(bytes_ / packets, 1),
                    "rejected_packets": sum(r["packets"] for r in group if r["action"] == "REJECT"),
                    "first_time": Time(min(r["start"] for r in group)),
                    "last_time": Time(max(r["end"] for r in group)),
                }
            )
    return sorted(rows, key=lambda row: -row["bytes"])


def syn_flood_suspects(asked: Asked) -> list[Record]:
    wanted = asked.parameters
    opened = [c for c in conversations(asked) if c.protocol == 6 and not c.is_rejected]
    rows = []
    for server, group in once(opened, lambda c: c.server).items():
        minutes = once(group, lambda c: c.first // 60)
        flooded = {}
        for minute, begun in minutes.items():
            unfinished = sum(all(r["tcp_flags"] & 29 == 0 for r in c.sent) for c in begun)
            if unfinished >= wanted["min_count"] and unfinished >= wanted["min_share"] * len(begun):
                flooded[minute] = unfinished
        if flooded:
            rows.append(
                {
                    "server_addr": server[0],
                    "server_port": server[1],
                    "minutes": len(flooded),
                    "openings": sum(len(minutes[minute]) for minute in flooded),
                    "unfinished": sum(flooded.values()),
                    "most_in_a_minute": max(flooded.values()),
                    "most_sources": max(len({c.client[0] for c in minutes[m]}) for m in flooded),
                    "first_time": Time(min(flooded) * 60),
                    "last_time": Time(max(flooded) * 60 + 60),
                }
            )
    return rows


ORACLES: dict[str, Oracle] = {
    "beacons": beacons,
    "exfil-ratio": exfil_ratio,
    "long-connections": long_connections,
    "strobes": strobes,
    "rare-destinations": rare_destinations,
    "large-transfers": large_transfers,
    "lateral-movement": lateral_movement,
    "dns-other-resolvers": dns_other_resolvers,
    "icmp-anomalies": icmp_anomalies,
    "syn-flood-suspects": syn_flood_suspects,
    "scans": scans,
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


V5 = (
    "interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id"
    " subnet-id pkt-srcaddr pkt-dstaddr flow-direction tcp-flags"
)
# Log format and settings: ordinary traffic, many clients behind translated addresses, a busy load balancer, much that
# is rejected or never answered, and forged openings.
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "default": ("default", {"seed": 11}),
    "load balancer": (V5, {"seed": 14, "shares": {"app": 0.5}}),
    "translated clients": ("default", {"seed": 13, "shares": {"reply-rejected": 0.3, "silent": 0.1}}),
    "backscatter": (V5, {"seed": 16, "shares": {"backscatter": 0.3, "rejected": 0.1}}),
}


@pytest.fixture(scope="module", params=SETTINGS)
def hunted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Logs:
    log_format, settings = SETTINGS[request.param]
    folder = tmp_path_factory.mktemp("hunted")
    return generated_logs(folder, log_format, records=50_000, duration_s=6 * 3600, **settings)


class Hosts:
    """What a host is by its addresses: without pkt_srcaddr all that it sends has its primary one."""

    def __init__(self, logs: Logs) -> None:
        has_packet_addresses = any(record["pkt_srcaddr"] for record in logs.records)
        self._interface_of = {
            row["opener_address"]: row["opener_interface_id"]
            for row in logs.truth
            if row["opener_interface_id"] and not has_packet_addresses
        }

    def __call__(self, address: str) -> str:
        return self._interface_of.get(address, address)


def test_scans_are_those_of_the_truth(hunted: Logs) -> None:
    host = Hosts(hunted)
    tried: dict[Any, set[Any]] = defaultdict(set)
    for row in hunted.truth:
        source, target, port = host(row["opener_address"]), row["server_address"], row["server_port"]
        if row["seen"]:
            keys = {
                "scan-vertical": ("vertical", source, target),
                "scan-horizontal": ("horizontal", source, port),
                "scan-slow": ("slow", source),
            }
            if row["kind"] in keys:
                tried[keys[row["kind"]]].add((target, port))
    least = {"vertical": 20, "horizontal": 10, "slow": 5}
    wanted = {key for key, targets in tried.items() if len(targets) >= least[key[0]]}
    assert {kind for kind, *_ in wanted} >= {"vertical", "slow"}
    found = set()
    for row in hunted.workspace.run("scans").read_all().to_pylist():
        source = host(row["source_addr"])
        found.add(
            {
                "vertical": ("vertical", source, row["target_addr"]),
                "horizontal": ("horizontal", source, row["target_port"]),
                "slow": ("slow", source),
            }[row["kind"]]
        )
    assert found == wanted


@pytest.mark.parametrize(("name", "kind"), [("beacons", "beacon"), ("exfil-ratio", "exfiltration")])
def test_beacons_and_uploads_are_those_of_the_truth(hunted: Logs, name: str, kind: str) -> None:
    host = Hosts(hunted)
    sent: dict[Any, int] = defaultdict(int)
    for row in hunted.truth:
        if row["kind"] == kind:
            sent[host(row["opener_address"]), row["server_address"]] += row["sent_bytes"]
    least = 500_000_000 if kind == "exfiltration" else 0
    wanted = {pair for pair, total in sent.items() if total >= least}
    assert wanted
    rows = hunted.workspace.run(name).read_all().to_pylist()
    assert {(host(row["client_addr"]), row["server_addr"]) for row in rows} == wanted
