"""What is asked at three in the morning, against plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from oracle import Asked, Logs, Oracle, Record, Time, check_cases

PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
FAILING = ("rejected", "refused by host", "silent")


def rounded(number: int, of: int, places: int) -> float:
    return int(Fraction(number * 10**places, of) + Fraction(1, 2)) / 10**places


def total(records: Iterable[Record], column: str) -> int:
    return sum(r[column] or 0 for r in records)


def is_accepted(record: Record) -> bool:
    return record["action"] in (None, "ACCEPT")


def conversations(asked: Asked) -> list[Record]:
    """Those of simple logs: each pair of ends has one, and is seen at one interface."""
    groups: dict[Any, list[Record]] = defaultdict(list)
    for r in asked.flows:
        groups[frozenset([(r["srcaddr"], r["srcport"]), (r["dstaddr"], r["dstport"])])].append(r)
    last = max((r["end"] for r in asked.records if r["start"] is not None), default=0)
    found = []
    for group in groups.values():
        opening = next((r for r in group if (r["tcp_flags"] or 0) & 18 == 2), None)
        sample = opening or max(group, key=lambda r: r["srcport"])
        client = (sample["srcaddr"], sample["srcport"])
        there = [r for r in group if (r["srcaddr"], r["srcport"]) == client]
        back = [r for r in group if r not in there]
        if any(r["action"] == "REJECT" for r in group):
            outcome = "rejected"
        elif not back:
            outcome = "silent" if max(r["end"] for r in there) < last - 60 else "not decidable"
        elif all((r["tcp_flags"] or 0) & 22 == 4 for r in back):
            outcome = "refused by host"
        else:
            outcome = "answered"
        found.append(
            {
                "client": client[0],
                "server": sample["dstaddr"],
                "port": sample["dstport"],
                "protocol": sample["protocol"],
                "first": min(r["start"] for r in group),
                "last": max(r["end"] for r in group),
                "outcome": outcome,
            }
        )
    return found


CHANGES = ("newly rejected", "newly refused", "newly unanswered", "new peer, failing", "new peer")


def what_changed(asked: Asked) -> list[Record]:
    at = asked.parameters["at"]
    groups: dict[Any, list[Record]] = defaultdict(list)
    for c in conversations(asked):
        groups[c["client"], c["server"], c["port"], c["protocol"]].append(c)
    rows = []
    for (client, server, port, protocol), group in groups.items():
        before = Counter(c["outcome"] for c in group if c["first"] < at)
        since = Counter(c["outcome"] for c in group if c["first"] >= at)
        change = None
        if before and since:
            names = zip(FAILING, CHANGES[:3], strict=True)
            change = next((name for kind, name in names if since[kind] and not before[kind]), None)
        elif since:
            change = CHANGES[3] if all(kind in FAILING for kind in since) else CHANGES[4]
        if change:
            after = [c for c in group if c["first"] >= at]
            failing = [c["first"] for c in after if c["outcome"] in FAILING]
            rows.append(
                {
                    "change": change,
                    "client_addr": client,
                    "server_addr": server,
                    "server_port": port,
                    "protocol_name": PROTOCOLS[protocol],
                    "before": before.total(),
                    "since": since.total(),
                    "rejected_since": since["rejected"],
                    "refused_since": since["refused by host"],
                    "silent_since": since["silent"],
                    "first_time": Time(min(failing or [c["first"] for c in after])),
                }
            )
    rows.sort(
        key=lambda row: (
            CHANGES.index(row["change"]), -row["before"], -row["since"],
            row["client_addr"], row["server_addr"], row["server_port"],
        )
    )  # fmt: skip
    return rows[: asked.parameters["top"]]


def vanished_pairs(asked: Asked) -> list[Record]:
    at, bin_s, top = asked.parameters["at"], asked.parameters["bin"], asked.parameters["top"]
    pairs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for r in asked.flows:
        if is_accepted(r) and r["srcaddr"] and r["dstaddr"]:
            pairs[min(r["srcaddr"], r["dstaddr"]), max(r["srcaddr"], r["dstaddr"])].append(r)
    rows = []
    for (address, peer), group in pairs.items():
        starts = [r["start"] for r in group]
        bins_with = len({start // bin_s for start in starts if start < at})
        bins_before = at // bin_s - min(starts) // bin_s
        is_regular = bins_before >= asked.parameters["min_bins"] and (
            Fraction(bins_with) >= Fraction(str(asked.parameters["regular"])) * bins_before
        )
        if max(starts) < at and is_regular:
            rows.append(
                {
                    "address": address,
                    "peer": peer,
                    "last_time": Time(max(r["end"] for r in group)),
                    "bins_with": bins_with,
                    "bins_before": bins_before,
                    "share": rounded(bins_with, bins_before, 2),
                    "bytes": total(group, "bytes"),
                }
            )
    return sorted(rows, key=lambda row: (-row["bins_with"], -row["bytes"], row["address"], row["peer"]))[:top]


def last_seen(asked: Asked) -> list[Record]:
    """Directions by flow_direction, which the logs asked about have, or else nothing tells."""
    rows = []
    for interface in {r["interface_id"] for r in asked.in_window if r["interface_id"]}:
        here = [r for r in asked.in_window if r["interface_id"] == interface]
        flows = [r for r in asked.flows if r["interface_id"] == interface and is_accepted(r)]
        ends = {
            way: max((r["end"] for r in flows if r["flow_direction"] == way), default=None)
            for way in ("egress", "ingress", None)
        }
        rows.append(
            {
                "interface_id": interface,
                "last_sent_time": ends["egress"] and Time(ends["egress"]),
                "last_received_time": ends["ingress"] and Time(ends["ingress"]),
                "unknown_time": ends[None] and Time(ends[None]),
                "last_record_time": Time(max(r["end"] for r in here)),
                "flows": len(flows),
                "key": max((end for end in ends.values() if end), default=-1),
            }
        )
    rows.sort(key=lambda row: (row["key"], row["interface_id"]))
    return [{name: row[name] for name in row if name != "key"} for row in rows[: asked.parameters["top"]]]


def one_way(asked: Asked) -> list[Record]:
    sent: dict[tuple[Any, ...], list[Record]] = defaultdict(list)
    for r in asked.flows:
        if r["interface_id"] and r["srcaddr"] and r["dstaddr"]:
            service = min(r["srcport"], r["dstport"])
            sent[r["interface_id"], r["srcaddr"], r["dstaddr"], service, r["protocol"]].append(r)
    rows = []
    for (interface, srcaddr, dstaddr, service, protocol), group in sent.items():
        passed = [r for r in group if is_accepted(r)]
        back = sent.get((interface, dstaddr, srcaddr, service, protocol), [])
        if len(passed) >= asked.parameters["min_records"] and not any(map(is_accepted, back)):
            rows.append(
                {
                    "interface_id": interface,
                    "srcaddr": srcaddr,
                    "dstaddr": dstaddr,
                    "service_port": service,
                    "protocol_name": PROTOCOLS[protocol],
                    "records": len(passed),
                    "packets": total(passed, "packets"),
                    "bytes": total(passed, "bytes"),
                    "other_way_rejected": len(back),
                    "first_time": Time(min(r["start"] for r in group)),
                    "last_time": Time(max(r["end"] for r in group)),
                    "key": protocol,
                }
            )
    rows.sort(
        key=lambda row: (
            -row["records"], row["interface_id"], row["srcaddr"], row["dstaddr"], row["service_port"], row["key"],
        )
    )  # fmt: skip
    return [{name: row[name] for name in row if name != "key"} for row in rows[: asked.parameters["top"]]]


def target_health(asked: Asked) -> list[Record]:
    via = ip_network(asked.parameters["via"])
    targets: dict[Any, list[Record]] = defaultdict(list)
    for c in conversations(asked):
        if ip_address(c["client"]) in via:
            targets[c["server"], c["port"], c["protocol"]].append(c)
    rows = []
    for (server, port, protocol), group in targets.items():
        count = Counter(c["outcome"] for c in group)
        failed = sum(count[kind] for kind in FAILING)
        health = "failing at times"
        if count["answered"] == len(group):
            health = "healthy"
        elif not count["answered"]:
            health = "down" if failed else "not decidable"
        answered = [c["last"] for c in group if c["outcome"] == "answered"]
        failures = [c["first"] for c in group if c["outcome"] in FAILING]
        rows.append(
            {
                "target_addr": server,
                "target_port": port,
                "protocol_name": PROTOCOLS[protocol],
                "health": health,
                "attempts": len(group),
                "answered": count["answered"],
                "refused_by_host": count["refused by host"],
                "rejected": count["rejected"],
                "silent": count["silent"],
                "last_answered_time": Time(max(answered)) if answered else None,
                "first_failed_time": Time(min(failures)) if failures else None,
                "key": failed,
            }
        )
    rows.sort(key=lambda row: (-row["key"], -row["attempts"], row["target_addr"], row["target_port"]))
    return [{name: row[name] for name in row if name != "key"} for row in rows]


def nat_port_pressure(asked: Asked) -> list[Record]:
    via, bin_s = ip_network(asked.parameters["via"]), asked.parameters["bin"]
    ports: dict[tuple[Any, ...], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for r in asked.flows:
        if r["protocol"] in (6, 17) and ip_address(r["srcaddr"]) in via:
            key = (r["srcaddr"], r["dstaddr"], r["dstport"], r["protocol"])
            for at in range(r["start"] // bin_s, (r["end"] + 350) // bin_s + 1):
                ports[key][at].add(r["srcport"])
    rows = []
    for (srcaddr, dstaddr, dstport, protocol), bins in ports.items():
        most = max(len(used) for used in bins.values())
        at = min(at for at, used in bins.items() if len(used) == most)
        if most >= asked.parameters["least"]:
            rows.append(
                {
                    "nat_addr": srcaddr,
                    "dstaddr": dstaddr,
                    "dstport": dstport,
                    "protocol_name": PROTOCOLS[protocol],
                    "most_ports": most,
                    "percent_of_55000": rounded(most * 100, 55_000, 2),
                    "bin_time": Time(at * bin_s),
                    "key": protocol,
                }
            )
    rows.sort(
        key=lambda row: (-row["most_ports"], row["nat_addr"], row["dstaddr"], row["dstport"], row["key"])
    )
    return [{name: row[name] for name in row if name != "key"} for row in rows[: asked.parameters["top"]]]


def idle_timeouts(asked: Asked) -> list[Record]:
    groups: dict[Any, list[Record]] = defaultdict(list)
    for r in asked.flows:
        if r["protocol"] == 6 and r["interface_id"]:
            ends = sorted([(r["srcaddr"], r["srcport"]), (r["dstaddr"], r["dstport"])])
            groups[r["interface_id"], *ends].append(r)
    cuts: dict[Any, list[tuple[int, int]]] = defaultdict(list)
    for (interface, one, other), group in groups.items():
        client, server = (other, one) if one[1] < other[1] else (one, other)
        last = None
        for r in sorted(group, key=lambda r: (r["start"], r["end"], r["action"], r["tcp_flags"] or -1)):
            flags = r["tcp_flags"]
            is_cut = r["action"] == "REJECT" or bool((flags or 0) & 4)
            is_long = last is not None and r["start"] - last >= asked.parameters["idle"]
            if is_long and is_cut and not (flags or 0) & 2:
                ended = "rejected" if r["action"] == "REJECT" else "reset"
                cuts[interface, client[0], server[0], min(one[1], other[1]), ended].append(
                    (r["start"] - last, r["start"])
                )
            last = r["end"] if last is None else max(last, r["end"])
    rows = [
        {
            **dict(
                zip(("interface_id", "client_addr", "server_addr", "server_port", "ended"), key, strict=True)
            ),
            "times": len(found),
            "shortest_silence_s": min(silence for silence, _ in found),
            "longest_silence_s": max(silence for silence, _ in found),
            "first_time": Time(min(at for _, at in found)),
            "last_time": Time(max(at for _, at in found)),
        }
        for key, found in cuts.items()
    ]
    return sorted(rows, key=lambda row: (-row["times"], *list(row.values())[:5]))[: asked.parameters["top"]]


REFLECTED = (53, 123, 389, 1900, 11211)


def amplification_suspects(asked: Asked) -> list[Record]:
    targets: dict[Any, list[Record]] = defaultdict(list)
    for r in asked.flows:
        if r["protocol"] == 17 and r["srcport"] != r["dstport"]:
            if r["srcport"] in REFLECTED:
                targets[r["dstaddr"], r["srcport"]].append({**r, "is_answer": True})
            elif r["dstport"] in REFLECTED:
                targets[r["srcaddr"], r["dstport"]].append({**r, "is_answer": False})
    rows = []
    for (target, port), group in targets.items():
        answers = [r for r in group if r["is_answer"]]
        asked_bytes = total((r for r in group if not r["is_answer"]), "bytes")
        received = total(answers, "bytes")
        if answers and received >= max(
            asked.parameters["min_bytes"], asked.parameters["ratio"] * asked_bytes
        ):
            rows.append(
                {
                    "target_addr": target,
                    "reflected_port": port,
                    "reflectors": len({r["srcaddr"] for r in answers}),
                    "bytes": received,
                    "packets": total(answers, "packets"),
                    "asked_bytes": asked_bytes,
                    "accepted_percent": rounded(
                        100 * sum(r["action"] == "ACCEPT" for r in answers), len(answers), 2
                    ),
                    "first_time": Time(min(r["start"] for r in answers)),
                    "last_time": Time(max(r["end"] for r in answers)),
                }
            )
    return sorted(rows, key=lambda row: (-row["bytes"], row["target_addr"], row["reflected_port"]))


def new_interfaces(asked: Asked) -> list[Record]:
    """Of logs that do not reach back further than the history does."""
    if asked.since is None:
        return []
    rows = []
    until = asked.until or 10**10
    for interface in {r["interface_id"] for r in asked.records if r["interface_id"]}:
        here = [r for r in asked.records if r["interface_id"] == interface and r["start"] < until]
        if here and min(r["start"] for r in here) >= asked.since:
            rows.append(
                {
                    "interface_id": interface,
                    "first_time": Time(min(r["start"] for r in here)),
                    "last_time": Time(max(r["end"] for r in here)),
                    "records": len(here),
                    "flows": sum(r["log_status"] not in ("NODATA", "SKIPDATA") for r in here),
                    "account_id": here[0]["account_id"],
                }
            )
    return sorted(rows, key=lambda row: (-row["first_time"], row["interface_id"]))[: asked.parameters["top"]]


ORACLES: dict[str, Oracle] = {
    "what-changed": what_changed,
    "vanished-pairs": vanished_pairs,
    "last-seen": last_seen,
    "one-way": one_way,
    "target-health": target_health,
    "nat-port-pressure": nat_port_pressure,
    "idle-timeouts": idle_timeouts,
    "amplification-suspects": amplification_suspects,
    "new-interfaces": new_interfaces,
}


@pytest.mark.parametrize("name", ORACLES)
def test_cases(name: str) -> None:
    check_cases(name, ORACLES[name])


@pytest.mark.parametrize(
    ("name", "parameters", "options"),
    [
        ("vanished-pairs", {"at": "2026-11-16T10:25Z", "bin": "3m", "regular": 0.5}, {}),
        ("last-seen", {}, {}),
        ("last-seen", {"top": 5}, {"until": "2026-11-16T10:10Z"}),
        ("one-way", {"top": 200}, {}),
        ("nat-port-pressure", {"least": 5, "top": 100}, {}),
        ("idle-timeouts", {"idle": "5m"}, {}),
        ("amplification-suspects", {"min_bytes": 0, "ratio": 1}, {"resolver": True}),
        ("new-interfaces", {}, {"since": "2026-11-16T10:00:01Z"}),
    ],
    ids=str,
)
def test_generated_logs(generated: Logs, name: str, parameters: Record, options: Record) -> None:
    chosen = dict(options)
    if chosen.pop("resolver", False):
        asks = Counter(r["interface_id"] for r in generated.records if r["dstport"] == 53)
        chosen["interface"] = asks.most_common(1)[0][0]
    generated.agree(name, ORACLES[name], parameters, **chosen)
