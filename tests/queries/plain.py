"""What saved queries have in common, by plain Python: sums, services, scopes, conversations, rejections."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from oracle import Asked, Record

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "ipv6-icmp"}
KINDS = {"tcp": {6}, "udp": {17}, "icmp": {1, 58}}
PORTS = {
    "ssh-rdp": {22, 3389},
    "admin": {22, 23, 135, 139, 445, 623, 2375, 2376, 3389, 5900, 5985, 5986, 6443, 10250},
    "database": {1433, 1521, 2049, 3306, 5432, 5439, 6379, 7000, 8182, 9042, 9200, 11211, 27017, 50000},
    "cleartext": {21, 23, 80, 110, 143, 389},
}
EVIDENCE = ("syn", "syn-ack", "paired", "known-service", "fan-in", "port-guess", "unknown")
_PRIVATE = [
    ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
SYN, SYN_ACK, FIN, RST = 2, 18, 1, 4


def total(records: Iterable[Record], column: str) -> int | None:
    """The sum of what is logged; None if nothing is."""
    values = [r[column] for r in records if r[column] is not None]
    return sum(values) if values else None


def distinct(records: Iterable[Record], column: str) -> int:
    """How many different values are logged."""
    return len({r[column] for r in records} - {None})


def grouped(records: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """The records by key."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups


def nulls_last(value: Any) -> tuple[bool, Any]:
    """What sorts None behind everything."""
    return (value is None, "" if value is None else value)


def most(value: int | None) -> tuple[bool, int]:
    """What sorts the most first, and None behind everything."""
    return (value is None, -(value or 0))


def rounded(number: Fraction, digits: int) -> float:
    """The number rounded half up."""
    scale = 10**digits
    return float(Fraction(int(abs(number) * scale + Fraction(1, 2)), scale) * (1 if number >= 0 else -1))


def percent(part: int | None, whole: int | None, digits: int = 2) -> float | None:
    """The share of a part; None of nothing."""
    return rounded(Fraction(100 * part, whole), digits) if whole and part is not None else None


def source(record: Record) -> Any:
    """The sender inside the packet, as far as logged."""
    return record["pkt_srcaddr"] or record["srcaddr"]


def destination(record: Record) -> Any:
    """The receiver inside the packet, as far as logged."""
    return record["pkt_dstaddr"] or record["dstaddr"]


def end_of(record: Record) -> Any:
    """The end, else the start."""
    return record["start"] if record["end"] is None else record["end"]


def protocol_name(protocol: int | None) -> str | None:
    """'tcp' for 6."""
    return None if protocol is None else PROTOCOLS.get(protocol, str(protocol))


def service(protocol: int | None, port: int | None) -> str | None:
    """'443/tcp', or the protocol where it has no ports."""
    name = protocol_name(protocol)
    return f"{port}/{name}" if protocol in (6, 17) else name


def service_of(record: Record) -> str | None:
    """By the record's own flags, else the lower port."""
    if record["srcport"] is None or record["dstport"] is None:
        return service(record["protocol"], None)
    flags = record["tcp_flags"] or 0 if record["protocol"] == 6 else 0
    ports = (record["srcport"], record["dstport"])
    return service(record["protocol"], min(ports) if not flags & 2 else ports[0] if flags & 16 else ports[1])


def is_of(protocol: int | None, kind: str) -> bool:
    """Whether the protocol is what a parameter `protocol` asks for."""
    return kind == "any" or protocol in KINDS[kind]


def is_special(address: str) -> bool:
    """Whether no single host has the address."""
    ip = ipaddress.ip_address(address)
    return ip.is_multicast or ip.is_link_local or ip.is_loopback or address == "255.255.255.255"


def is_private(address: str) -> bool:
    """Whether the address is in a range that never crosses the internet. Python's own word says it of examples too."""
    ip = ipaddress.ip_address(address)
    return ip in ipaddress.ip_network("fc00::/7") if ip.version == 6 else any(ip in n for n in _PRIVATE)


def own_addresses(records: Iterable[Record]) -> set[str]:
    """The address that all records of an interface have, if it met two others."""
    own = set()
    flows = [r for r in records if r["srcaddr"] and r["dstaddr"]]
    for group in grouped(flows, lambda r: (r["interface_id"], ":" in r["srcaddr"])).values():
        for address in {r["srcaddr"] for r in group} | {r["dstaddr"] for r in group}:
            ends = [{r["srcaddr"], r["dstaddr"]} for r in group]
            if all(address in pair for pair in ends) and len(set().union(*ends)) > 2:
                own.add(address)
    return own


def scope(address: str, own: set[str]) -> str:
    """'vpc', 'private', 'internet' or 'special'."""
    if is_special(address):
        return "special"
    if address in own:
        return "vpc"
    return "private" if is_private(address) else "internet"


def is_between(kind: str, sender: str, receiver: str, own: set[str]) -> bool:
    """Whether the traffic is what a parameter `way` asks for."""
    inside = [scope(address, own) in ("vpc", "private") for address in (sender, receiver)]
    outside = [scope(address, own) == "internet" for address in (sender, receiver)]
    return {
        "any": True,
        "inside": all(inside),
        "out": inside[0] and outside[1],
        "in": outside[0] and inside[1],
    }[kind]


def parts(record: Record, column: str, bin_s: int) -> dict[int, int]:
    """What of the column's value falls into which bin, as far as the record lasts in it; rounded down along the way."""
    first, last = record["start"], max(record["start"], end_of(record))
    amount = record[column] or 0
    if last <= first:
        return {first // bin_s: amount}
    until = {
        b: amount * (min((b + 1) * bin_s, last) - first) // (last - first) for b in _bins(first, last, bin_s)
    }
    return {b: until[b] - until.get(b - 1, 0) for b in until}


def _bins(first: int, last: int, bin_s: int) -> range:
    return range(first // bin_s, max(first, last - 1) // bin_s + 1)


@dataclass
class Conversation:
    """All records of two ends at an interface; ports of one are never used again in the logs this is for."""

    interface: str | None
    protocol: int
    client: tuple[str, int]
    server: tuple[str, int]
    evidence: str
    sent: list[Record] = field(default_factory=list)
    received: list[Record] = field(default_factory=list)
    outcome: str = ""

    @property
    def first(self) -> int:
        """When it began."""
        return min(r["start"] for r in self.sent + self.received)

    @property
    def last(self) -> int:
        """When it ended."""
        return max(r["end"] for r in self.sent + self.received)

    @property
    def bytes(self) -> int:
        """Those of both directions."""
        return (total(self.sent + self.received, "bytes")) or 0

    @property
    def service(self) -> str | None:
        """'443/tcp'."""
        return service(self.protocol, self.server[1])

    @property
    def flags(self) -> tuple[int | None, int | None]:
        """The client's and the server's, OR-ed; None if none were logged."""
        return _flags(self.sent), _flags(self.received)


def _flags(records: Sequence[Record]) -> int | None:
    logged = [r["tcp_flags"] for r in records if r["tcp_flags"] is not None]
    flags = 0
    for one in logged:
        flags |= one
    return flags if logged else None


def conversations(asked: Asked) -> list[Conversation]:
    """Those of the window, without context."""
    ends: dict[Any, list[Record]] = defaultdict(list)
    for r in asked.flows:
        sender, receiver = (source(r), r["srcport"]), (destination(r), r["dstport"])
        ends[r["interface_id"], r["protocol"], frozenset((sender, receiver))].append(r)
    last = max((end_of(r) for r in asked.flows), default=0)
    return [_conversation(key, group, asked.records, last) for key, group in ends.items()]


def _conversation(key: Any, group: list[Record], records: Sequence[Record], last: int) -> Conversation:
    interface, protocol, pair = key
    one, other = sorted(pair) if len(pair) == 2 else (*pair, *pair)
    client, evidence = _client(group, one, other, records)
    server = other if client == one else one
    made = Conversation(interface, protocol, client, server, evidence)
    for r in group:
        (made.sent if (source(r), r["srcport"]) == client else made.received).append(r)
    made.outcome = _outcome(made, last)
    return made


def _client(
    group: list[Record], one: tuple[str, int], other: tuple[str, int], records: Sequence[Record]
) -> tuple[tuple[str, int], str]:
    for value, evidence in ((SYN, "syn"), (SYN_ACK, "syn-ack")):
        senders = {(source(r), r["srcport"]) for r in group if (r["tcp_flags"] or 0) & 18 == value}
        if len(senders) == 1:
            sender = senders.pop()
            opened = evidence == "syn"
            return (sender if opened else other if sender == one else one), evidence
    answered = {
        (source(r), r["srcport"])
        for r in records
        if r["protocol"] == 6 and (r["tcp_flags"] or 0) & 18 == SYN_ACK
    }
    if (one in answered) != (other in answered):
        return (other if one in answered else one), "known-service"
    fans = [_peer_ports(end, group[0]["protocol"], records) for end in (one, other)]
    if fans[0] != fans[1]:
        return (other if fans[0] > fans[1] else one), "fan-in"
    if one[1] != other[1]:
        return (other if one[1] < other[1] else one), "port-guess"
    return min(group, key=lambda r: r["start"])["srcaddr"], "unknown"


def _peer_ports(end: tuple[str, int], protocol: int, records: Sequence[Record]) -> int:
    met = {
        r["dstport"] % 63 for r in records if (r["srcaddr"], r["srcport"], r["protocol"]) == (*end, protocol)
    }
    met |= {
        r["srcport"] % 63 for r in records if (r["dstaddr"], r["dstport"], r["protocol"]) == (*end, protocol)
    }
    return max(len(met), 1)


def _outcome(made: Conversation, last: int) -> str:
    for side in (made.sent, made.received):
        if any(r["action"] == "REJECT" for r in side) and not any(r["action"] == "ACCEPT" for r in side):
            return "rejected"
    client_flags, server_flags = made.flags
    if not made.sent:
        return "one-way"
    if not made.received:
        payload = (total(made.sent, "bytes") or 0) > 120 * (total(made.sent, "packets") or 0)
        bare = client_flags is None or (client_flags & 18 == SYN and not client_flags & FIN)
        if made.protocol == 6 and (payload or not bare):
            return "one-way"
        return "not decidable" if made.last >= last - 60 else "silent"
    if (client_flags or 0) & 18 == SYN and (server_flags or 0) & 22 == RST:
        return "refused by host"
    return "answered"


def is_attempt(record: Record) -> bool:
    """Whether a reject, looked at alone, may have kept somebody out."""
    return record["action"] == "REJECT" and (
        record["protocol"] != 6 or record["tcp_flags"] is None or record["tcp_flags"] & 18 == SYN
    )


def best(evidences: Iterable[str]) -> str:
    """The strongest."""
    return min(evidences, key=EVIDENCE.index)


@dataclass
class Rejection:
    """A rejected record, and what others tell of it."""

    record: Record
    kind: str
    filter: str
    certainty: str
    since: int
    accepted: int | None

    @property
    def is_chosen(self) -> bool:
        """Whether somebody may have been kept out."""
        return self.kind in ("attempt", "unknown")


def rejections(asked: Asked) -> list[Rejection]:
    """Those of the window, without context, in logs without doubtful beginnings."""
    flows = [r for r in asked.flows if r["srcaddr"]]
    subnets: dict[str, Any] = {}
    for interface, group in grouped(flows, lambda r: r["interface_id"]).items():
        subnets |= dict.fromkeys(
            own_addresses(r for r in asked.records if r["interface_id"] == interface), group
        )
    by_pair, by_service = grouped(flows, _pair_of), grouped(flows, _service_of)
    return [
        _rejection(r, by_pair[_pair_of(r)], by_service[_service_of(r)], subnets)
        for r in flows
        if r["action"] == "REJECT"
    ]


def _pair_of(r: Record) -> Any:
    """What a record has in common with others of the same interface that go the same way or back."""
    ends = frozenset({(source(r), r["srcport"]), (destination(r), r["dstport"])})
    return (r["interface_id"], r["protocol"], ends)


def _service_of(r: Record) -> Any:
    return (r["interface_id"], r["protocol"], source(r), destination(r), least_port(r))


def _rejection(
    r: Record, same: Sequence[Record], of_service: Sequence[Record], owners: dict[str, list[Record]]
) -> Rejection:
    ends = [(source(r), r["srcport"]), (destination(r), r["dstport"])]
    ahead = [f for f in same if [(source(f), f["srcport"]), (destination(f), f["dstport"])] == ends]
    back = [f for f in same if [(destination(f), f["dstport"]), (source(f), f["srcport"])] == ends]
    accepted = [f for f in ahead + back if f["action"] == "ACCEPT" and f["start"] <= r["end"]]
    answered = [f for f in back if f in accepted]
    passed = [f for f in ahead if f in accepted]
    kind = _kind(r, accepted, answered, passed)
    pair = [{f["subnet_id"] for f in owners.get(address, [])} for address in (r["srcaddr"], r["dstaddr"])]
    is_one_subnet = len(pair[0]) == 1 and pair[0] == pair[1] and None not in pair[0]
    chosen = {
        "BPA": ("block-public-access", "certain"),
        "EC": ("encryption-controls", "certain"),
    }.get(r["reject_reason"] or "", ("security-group-or-network-acl", "not decidable"))
    if r["reject_reason"] is None and kind == "reply":
        recent = r["start"] - max(f["end"] for f in answered) <= (350 if r["protocol"] == 6 else 30)
        chosen = ("network-acl", "likely" if recent else "possible")
    elif r["reject_reason"] is None and is_one_subnet and kind in ("attempt", "unknown"):
        chosen = ("security-group", "certain")
    alike = [f for f in of_service if f["start"] <= r["start"]]
    accepted_at = max((f["start"] for f in alike if f["action"] == "ACCEPT"), default=None)
    since = min(
        f["start"]
        for f in alike
        if f["action"] == "REJECT" and (accepted_at is None or f["start"] >= accepted_at)
    )
    return Rejection(r, kind, *chosen, since, accepted_at)


def _kind(r: Record, accepted: list[Record], answered: list[Record], passed: list[Record]) -> str:
    if r["protocol"] == 6 and r["tcp_flags"] is not None:
        if r["tcp_flags"] & 18 == SYN:
            return "attempt"
        if any((f["tcp_flags"] or 0) & 5 for f in accepted):
            return "late"
        if any((f["tcp_flags"] or 0) & 18 == SYN for f in answered) and not passed:
            return "reply"
        return "backscatter" if r["tcp_flags"] & 6 else "expired"
    return "reply" if answered and not passed else "unknown"


def least_port(record: Record) -> Any:
    """The lower port; None if one is not logged."""
    ports = (record["srcport"], record["dstport"])
    return None if None in ports else min(ports)
