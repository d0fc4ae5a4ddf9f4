"""Conversations: who reached what, how they went, what listens, against plain Python and the truth."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases
from plain import (
    EVIDENCE,
    FIN,
    PORTS,
    PROTOCOLS,
    RST,
    SYN,
    SYN_ACK,
    Conversation,
    best,
    conversations,
    destination,
    distinct,
    end_of,
    grouped,
    is_between,
    is_of,
    own_addresses,
    rounded,
    scope,
    service,
    source,
    total,
)

Groups = dict[Any, list[list[Conversation]]]


def by_points(found: Iterable[Conversation], key: Callable[[Conversation], Any]) -> Groups:
    """The conversations by key, and of each key by interface."""
    return {
        name: list(grouped(group, lambda c: c.interface).values())
        for name, group in grouped(found, key).items()
    }


def most_at(points: list[list[Conversation]], *outcomes: str) -> int:
    """How many of these outcomes there are at the interface that saw most of them."""
    return max(sum(c.outcome in outcomes for c in point) for point in points)


def client_and_service(c: Conversation) -> tuple[str, str, int, int]:
    return (c.client[0], c.server[0], c.server[1], c.protocol)


def is_chosen(c: Conversation, kind: str, port: int | None) -> bool:
    if c.server[1] == 0:
        return False
    if port is not None:
        return c.server[1] == port
    return kind == "any" or (c.server[1] in PORTS[kind] and (kind != "cleartext" or c.protocol == 6))


def everyone(points: list[list[Conversation]]) -> list[Conversation]:
    return [c for point in points for c in point]


def top_conversations(asked: Asked) -> list[Record]:
    p = asked.parameters
    rows = []
    found = [
        c
        for c in conversations(asked)
        if is_of(c.protocol, p["protocol"])
        and c.bytes >= p["min_bytes"]
        and c.last - c.first >= p["min_duration"]
    ]
    for points in by_points(found, lambda c: (c.client, c.server, c.protocol)).values():
        c = max(
            (c for (c,) in points),
            key=lambda c: (len(c.sent + c.received), [-ord(x) for x in c.interface or ""]),
        )
        rows.append(
            {
                "client": f"{c.client[0]}:{c.client[1]}" if c.client[1] else c.client[0],
                "server_addr": c.server[0],
                "service": c.service,
                "bytes_out": total(c.sent, "bytes") or 0,
                "bytes_in": total(c.received, "bytes") or 0,
                "first_time": Time(c.first),
                "lasted_s": c.last - c.first,
                "evidence": c.evidence,
                "key": (
                    -c.last if p["order"] == "latest" else 0,
                    -(c.last - c.first) if p["order"] == "duration" else -c.bytes,
                    *(*c.client, *c.server),
                ),
            }
        )
    rows.sort(key=lambda row: row["key"])
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: p["top"]]]


def access(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    found = [
        c
        for c in conversations(asked)
        if is_chosen(c, p["to"], p["port"])
        and is_of(c.protocol, p["protocol"])
        and is_between(p["way"], c.client[0], c.server[0], own)
    ]
    rows = [
        {
            "client_addr": key[0],
            "server_addr": key[1],
            "service": service(key[3], key[2]),
            "answered": most_at(points, "answered"),
            "refused": most_at(points, "refused by host"),
            "silent": most_at(points, "silent"),
            "rejected": most_at(points, "rejected"),
            "evidence": best(c.evidence for c in everyone(points)),
            "last_time": Time(max(c.last for c in everyone(points))),
            "key": (-max(map(len, points)), *key),
        }
        for key, points in by_points(found, client_and_service).items()
    ]
    rows.sort(key=lambda row: (-row["answered"], row["key"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: p["top"]]]


def unanswered(asked: Asked) -> list[Record]:
    found = [c for c in conversations(asked) if is_of(c.protocol, asked.parameters["protocol"])]
    rows = [
        {
            "client_addr": key[0],
            "server_addr": key[1],
            "service": service(key[3], key[2]),
            "silent": most_at(points, "silent"),
            "answered": most_at(points, "answered"),
            "not_decidable": most_at(points, "not decidable"),
            "last_time": Time(max((c.last for c in everyone(points) if c.outcome == "silent"), default=0)),
            "key": key,
        }
        for key, points in by_points(found, client_and_service).items()
    ]
    rows = [row for row in rows if row["silent"] >= asked.parameters["min_records"]]
    rows.sort(key=lambda row: (-row["silent"], row["key"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: asked.parameters["top"]]]


def is_half_open(c: Conversation) -> bool:
    sent, received = c.flags
    bare = all((total(s, "bytes") or 0) <= 80 * (total(s, "packets") or 0) for s in (c.sent, c.received))
    opened = (sent or 0) & 18 == SYN and (received or 0) & 18 == SYN_ACK
    return c.outcome == "answered" and opened and bare and not ((sent or 0) | (received or 0)) & (FIN | RST)


def half_open(asked: Asked) -> list[Record]:
    rows = []
    tcp = [c for c in conversations(asked) if c.protocol == 6]
    for (address, port), points in by_points(tcp, lambda c: c.server).items():
        left = [[c for c in point if is_half_open(c) or c.outcome == "silent"] for point in points]
        halves = max(sum(map(is_half_open, point)) for point in points)
        silent = most_at(points, "silent")
        if halves + silent >= asked.parameters["min_records"]:
            rows.append(
                {
                    "server_addr": address,
                    "server_port": port,
                    "completed": max(
                        sum(c.outcome == "answered" and not is_half_open(c) for c in point)
                        for point in points
                    ),
                    "half_open": halves,
                    "silent": silent,
                    "rejected": most_at(points, "rejected"),
                    "sources": max(len({c.client[0] for c in point}) for point in left),
                    "last_time": Time(max(c.last for point in left for c in point)),
                }
            )
    rows.sort(
        key=lambda r: (-r["half_open"] - r["silent"], -r["half_open"], r["server_addr"], r["server_port"])
    )
    return rows[: asked.parameters["top"]]


def resets(asked: Asked) -> list[Record]:
    rows = []
    tcp = [c for c in conversations(asked) if c.protocol == 6]

    def reset(c: Conversation, *sides: int) -> bool:
        return any((c.flags[side] or 0) & RST for side in sides)

    for (address, port), points in by_points(tcp, lambda c: c.server).items():
        answered = [[c for c in point if c.outcome == "answered"] for point in points]
        ended = max(sum(reset(c, 0, 1) for c in point) for point in answered)
        refused = most_at(points, "refused by host")
        if ended + refused and max(map(len, points)) >= asked.parameters["min_records"]:
            opened = max(map(len, answered))
            rows.append(
                {
                    "server_addr": address,
                    "server_port": port,
                    "conversations": max(map(len, points)),
                    "refused": refused,
                    "reset_by_server": max(sum(reset(c, 1) for c in point) for point in answered),
                    "reset_by_client": max(sum(reset(c, 0) for c in point) for point in answered),
                    "reset_percent": rounded(Fraction(100 * ended, opened), 1) if opened else None,
                    "clients": max(len({c.client[0] for c in point if reset(c, 0, 1)}) for point in points),
                    "key": -ended - refused,
                }
            )
    rows.sort(key=lambda r: (r["key"], -r["conversations"], r["server_addr"], r["server_port"]))
    return [{k: v for k, v in row.items() if k != "key"} for row in rows[: asked.parameters["top"]]]


def direction_disagreement(asked: Asked) -> list[Record]:
    met: dict[Any, list[tuple[str, int, Record]]] = {}
    for c in conversations(asked):
        if c.protocol == 6 and c.evidence in ("syn", "syn-ack") and c.server[1] > c.client[1]:
            met.setdefault(c.server, []).extend((*c.client, r) for r in c.sent + c.received)
    rows = [
        {
            "server_addr": address,
            "server_port": port,
            "lowest_client_port": min(port for _, port, _ in group),
            "highest_client_port": max(port for _, port, _ in group),
            "clients": len({client for client, *_ in group}),
            "records": len(group),
            "bytes": total([r for *_, r in group], "bytes"),
        }
        for (address, port), group in met.items()
    ]
    rows.sort(key=lambda r: (-r["records"], r["server_addr"], r["server_port"]))
    return rows[: asked.parameters["top"]]


def odd_flags(asked: Asked) -> list[Record]:
    names = {3: "SYN,FIN", 6: "SYN,RST", 5: "FIN,RST", 7: "SYN,FIN,RST", 19: "SYN,ACK,FIN", 22: "SYN,ACK,RST"}
    odd = [r for r in asked.flows if r["protocol"] == 6 and r["packets"] == 1 and r["tcp_flags"] in names]
    rows = [
        {
            "srcaddr": address,
            "flags": names[flags],
            "records": len(group),
            "rejected": sum(r["action"] == "REJECT" for r in group),
            "destinations": len({destination(r) for r in group}),
            "ports": distinct(group, "dstport"),
            "first_time": Time(min(r["start"] for r in group)),
            "last_time": Time(max(map(end_of, group))),
        }
        for (address, flags), group in grouped(odd, lambda r: (source(r), r["tcp_flags"])).items()
    ]
    rows.sort(key=lambda row: (-row["records"], row["srcaddr"], row["flags"]))
    return rows[: asked.parameters["top"]]


def is_guess(group: Iterable[Conversation]) -> bool:
    return EVIDENCE.index(best(c.evidence for c in group)) > EVIDENCE.index("fan-in")


def listed(rows: list[Record], asked: Asked) -> list[Record]:
    """Guesses last, or not at all."""
    wanted = [row for row in rows if asked.parameters["guesses"] or not row["is_guess"]]
    wanted.sort(key=lambda row: (row["is_guess"], row["key"]))
    shown = [{k: v for k, v in row.items() if k not in ("key", "is_guess")} for row in wanted]
    return shown[: asked.parameters["top"]]


def exposed_services(asked: Asked) -> list[Record]:
    own = own_addresses(asked.records)
    found = [
        c
        for c in conversations(asked)
        if is_chosen(c, "any", asked.parameters["port"]) and is_between("in", c.client[0], c.server[0], own)
    ]
    rows = []
    for (address, port, protocol), points in by_points(found, lambda c: (*c.server, c.protocol)).items():
        passed = [
            c
            for c in everyone(points)
            if c.outcome in ("answered", "refused by host", "silent", "not decidable")
        ]
        if passed:
            row: Record = {
                "server_addr": address,
                "service": service(protocol, port),
                "clients": max(len({c.client[0] for c in point}) for point in points),
                "answered": most_at(points, "answered"),
                "refused": most_at(points, "refused by host"),
                "silent": most_at(points, "silent", "not decidable"),
                "rejected": most_at(points, "rejected"),
                "evidence": best(c.evidence for c in passed),
                "last_time": Time(max(c.last for c in everyone(points))),
                "is_guess": is_guess(passed),
            }
            order = (-row["answered"], -row["refused"], -row["silent"], address, port, protocol)
            rows.append(row | {"key": order})
    return listed(rows, asked)


def service_inventory(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    found = [
        c
        for c in conversations(asked)
        if c.outcome == "answered"
        and is_chosen(c, p["kind"], p["port"])
        and p["place"] in ("any", "inside" if scope(c.server[0], own) in ("vpc", "private") else "outside")
    ]
    rows = []
    for (address, port, protocol), points in by_points(found, lambda c: (*c.server, c.protocol)).items():
        clients = max(len({c.client[0] for c in point}) for point in points)
        rows.append(
            {
                "server_addr": address,
                "service": service(protocol, port),
                "clients": clients,
                "conversations": max(map(len, points)),
                "bytes": max(sum(c.bytes for c in point) for point in points),
                "evidence": best(c.evidence for c in everyone(points)),
                "last_time": Time(max(c.last for c in everyone(points))),
                "is_guess": is_guess(everyone(points)),
                "key": (-clients, -max(map(len, points)), address, port, protocol),
            }
        )
    return listed(rows, asked)


def dependency_map(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    found = [
        c
        for c in conversations(asked)
        if c.outcome == "answered"
        and c.server[1] > 0
        and p["ip"] in (None, c.client[0], c.server[0])
        and is_between(p["way"], c.client[0], c.server[0], own)
    ]
    rows = []
    for key, points in by_points(found, client_and_service).items():
        sent = max(sum(total(c.sent, "bytes") or 0 for c in point) for point in points)
        received = max(sum(total(c.received, "bytes") or 0 for c in point) for point in points)
        rows.append(
            {
                "client_addr": key[0],
                "server_addr": key[1],
                "service": service(key[3], key[2]),
                "conversations": max(map(len, points)),
                "bytes_to_server": sent,
                "bytes_to_client": received,
                "evidence": best(c.evidence for c in everyone(points)),
                "last_time": Time(max(c.last for c in everyone(points))),
                "is_guess": is_guess(everyone(points)),
                "key": (-sent - received, -max(map(len, points)), *key),
            }
        )
    return listed(rows, asked)


def egress_bypass(asked: Asked) -> list[Record]:
    via, own = ipaddress.ip_network(asked.parameters["via"]), own_addresses(asked.records)

    def is_via(address: str) -> bool:
        return ipaddress.ip_address(address) in via

    points = {
        interface
        for interface, group in grouped(asked.records, lambda r: r["interface_id"]).items()
        if any(map(is_via, own_addresses(group)))
    }
    gateways = {(r["interface_id"], r["dstaddr"]) for r in asked.records if r["pkt_dstaddr"] != r["dstaddr"]}
    out = [
        c
        for c in conversations(asked)
        if is_between("out", c.client[0], c.server[0], own)
        and not is_via(c.client[0])
        and (c.interface, c.client[0]) not in gateways
        and any(r["action"] == "ACCEPT" for r in c.sent)
    ]
    passed = {(c.client[0], c.server[0]) for c in out if c.interface in points}
    rest = [c for c in out if (c.client[0], c.server[0]) not in passed]
    rows = []
    for key, at in by_points(rest, lambda c: (c.client[0], c.server[1], c.protocol)).items():
        sent = max(sum(total(c.sent, "bytes") or 0 for c in point) for point in at)
        rows.append(
            {
                "client_addr": key[0],
                "service": service(key[2], key[1]),
                "destinations": max(len({c.server[0] for c in point}) for point in at),
                "one_of_them": min(c.server[0] for c in everyone(at)),
                "conversations": max(map(len, at)),
                "bytes_out": sent,
                "bytes_in": max(sum(total(c.received, "bytes") or 0 for c in point) for point in at),
                "evidence": best(c.evidence for c in everyone(at)),
                "last_time": Time(max(c.last for c in everyone(at))),
                "is_guess": is_guess(everyone(at)),
                "key": (-sent, -max(map(len, at)), key),
            }
        )
    return listed(rows, asked)


def least_privilege_rules(asked: Asked) -> list[Record]:
    p, own = asked.parameters, own_addresses(asked.records)
    used = [
        c
        for c in conversations(asked)
        if c.server[1] > 0
        and (c.outcome == "answered" or not (p["answered"] or c.outcome == "rejected"))
        and scope(c.server[0], own) in ("vpc", "private")
    ]
    rows = []
    for (server, port, protocol), group in grouped(used, lambda c: (*c.server, c.protocol)).items():
        outside = {c.client[0] for c in group if scope(c.client[0], own) not in ("vpc", "private")}
        everybody = outside if len(outside) > p["most"] else set()

        def rule(c: Conversation, everybody: set[str] = everybody) -> str:
            bits = "0" if c.client[0] in everybody else p["prefix"]
            return str(ipaddress.ip_network(f"{c.client[0]}/{bits}", strict=False))

        for network, of_rule in grouped(group, rule).items():
            of_client = grouped(of_rule, lambda c: c.client[0])
            rows.append(
                {
                    "server_addr": server,
                    "service": service(protocol, port),
                    "source": network,
                    "clients": len(of_client),
                    "conversations": sum(
                        max(map(len, grouped(mine, lambda c: c.interface).values()))
                        for mine in of_client.values()
                    ),
                    "evidence": best(c.evidence for c in of_rule),
                    "last_time": Time(max(c.last for c in of_rule)),
                    "is_guess": is_guess(of_rule),
                    "key": (server, port, protocol, network),
                }
            )
    return listed(rows, asked)


def rule_usage(asked: Asked) -> list[Record]:
    rows = []
    for rule in asked.parameters["file"]:
        ports = [int(rule[name]) if rule[name] else None for name in ("from_port", "to_port")]
        used = [
            c
            for c in conversations(asked)
            if any(r["action"] == "ACCEPT" for r in c.sent)
            and ipaddress.ip_address(c.client[0]) in ipaddress.ip_network(rule["source"])
            and ipaddress.ip_address(c.server[0]) in ipaddress.ip_network(rule["target"])
            and rule["protocol"] in ("-1", "all", str(c.protocol), PROTOCOLS[c.protocol])
            and (ports[0] is None or ports[0] <= c.server[1] <= ports[1])
        ]
        rows.append(
            {
                **{name: rule[name] for name in ("rule", "source", "target", "protocol")},
                "from_port": ports[0],
                "to_port": ports[1],
                "conversations": len(used),
                "clients": len({c.client[0] for c in used}),
                "servers": len({c.server[0] for c in used}),
                "last_time": Time(max(c.last for c in used)) if used else None,
            }
        )
    return sorted(rows, key=lambda row: (row["conversations"], row["rule"]))


ORACLES: dict[str, Oracle] = {
    "least-privilege-rules": least_privilege_rules,
    "rule-usage": rule_usage,
    "top-conversations": top_conversations,
    "access": access,
    "unanswered": unanswered,
    "half-open": half_open,
    "resets": resets,
    "direction-disagreement": direction_disagreement,
    "odd-flags": odd_flags,
    "exposed-services": exposed_services,
    "service-inventory": service_inventory,
    "dependency-map": dependency_map,
    "egress-bypass": egress_bypass,
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


def answered_services(logs: Logs, *, from_outside: bool) -> set[tuple[str, str]]:
    """Address and service of what answered somebody in full view of its own interface, by the truth."""
    return {
        (t["server_address"], f"{t['server_port']}/{'tcp' if t['protocol'] == 6 else 'udp'}")
        for t in logs.truth
        if t["outcome"] == "answered"
        and t["protocol"] in (6, 17)
        and t["server_interface_id"]
        and (t["opener_interface_id"] is None or not from_outside)
        and any(
            seen["interface_id"] == t["server_interface_id"]
            and not seen["stray"]
            and seen["complete"]
            and seen["sent_action"] == seen["replied_action"] == "ACCEPT"
            for seen in t["seen"]
        )
    }


def found(logs: Logs, name: str, **parameters: Any) -> set[tuple[str, str]]:
    rows = logs.workspace.run(name, {"top": 10_000, **parameters}).read_all().to_pylist()
    return {(row["server_addr"], row["service"]) for row in rows if row.get("answered", 1)}


def test_all_services_are_found_and_no_others(generated: Logs) -> None:
    true = answered_services(generated, from_outside=False)
    told = found(generated, "service-inventory", place="any")
    listening = {
        (t["server_address"], f"{t['server_port']}/{'tcp' if t['protocol'] == 6 else 'udp'}")
        for t in generated.truth
    }
    assert len(true) > 20
    assert true - told == set()
    assert told - listening == set()


def test_all_that_the_internet_reaches_is_found(generated: Logs) -> None:
    true = answered_services(generated, from_outside=True)
    assert len(true) > 3
    assert true - found(generated, "exposed-services") == set()


def test_the_rules_let_in_what_was_answered(generated: Logs) -> None:
    """By the truth; that a rule is for one client each, or for the internet."""
    rows = (
        generated.workspace.run("least-privilege-rules", {"top": 100_000, "most": 5}).read_all().to_pylist()
    )
    told = {(row["server_addr"], row["service"]) for row in rows}
    true = answered_services(generated, from_outside=False)
    inside = {(server, name) for server, name in true if server.startswith("10.")}
    assert len(inside) > 5
    assert inside - told == set()
    assert {row["source"].split("/")[1] for row in rows} <= {"0", "32", "128"}


def test_most_services_are_found_without_flags(generated_default: Logs) -> None:
    true = answered_services(generated_default, from_outside=False)
    told = found(generated_default, "service-inventory", place="any")
    assert len(true & told) >= 0.95 * len(true)
