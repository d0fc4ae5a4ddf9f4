"""Evidence -> one sentence, and what could not be decided, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flowsql.between.ends import End
from flowsql.between.evidence import Evidence, Row

_MOST_SERVICES = 4
_PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
_FILTERS = {
    ("network-acl", "likely"): "network ACL likely",
    ("network-acl", "possible"): "network ACL possible",
    ("security-group", "certain"): "by a security group",
    ("block-public-access", "certain"): "by VPC Block Public Access",
    ("encryption-controls", "certain"): "by Encryption Controls",
}
_CERTAINTIES = ("certain", "likely", "possible")


def verdict_of(evidence: Evidence) -> str:
    """What became of A's attempts to reach B, else of B's to reach A, else that there were none."""
    teller = _Teller(evidence)
    of_a = [service for service in evidence.services if service["opener"] == "a"]
    of_b = [service for service in evidence.services if service["opener"] == "b"]
    if of_a:
        return teller.fates(evidence.a, evidence.b, of_a)
    if of_b:
        return f"{evidence.a.name} opened nothing to {evidence.b.name}; " + teller.fates(
            evidence.b, evidence.a, of_b
        )
    return teller.nothing()


def notes_of(evidence: Evidence) -> list[str]:
    """The other direction, what is seen from one side only, and what is not decidable."""
    teller = _Teller(evidence)
    openers = {service["opener"] for service in evidence.services}
    notes = []
    if openers == {"a", "b"}:
        of_b = [service for service in evidence.services if service["opener"] == "b"]
        notes.append("the other way: " + teller.fates(evidence.b, evidence.a, of_b))
    if evidence.services:
        notes += teller.one_sided()
        notes += teller.undecided()
        if not evidence.has_flags:
            notes.append("these logs have no TCP flags: who opened a connection is told by ports")
        if all(service["protocol"] != 6 for service in evidence.services):
            notes.append("there was no TCP: that UDP or ICMP is not answered need not be a failure")
    return notes


class _Teller:
    """Tells of one evidence, with times as short as its window allows."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        times = [
            service[column]
            for service in evidence.services
            for column in ("first_s", "last_s")
            if service[column] is not None
        ]
        days = {self._local(time).date() for time in times}
        self.has_one_day = len(days) == 1

    def fates(self, opener: End, server: End, services: Sequence[Row]) -> str:
        """One clause for the services that fared alike, joined."""
        alike: dict[str, list[Row]] = {}
        for service in services:
            alike.setdefault(_fate(service), []).append(service)
        clauses = [
            self._fate_of_one(fate, server, group[0])
            if len(group) == 1
            else self._fate_of_several(fate, server, group)
            for fate, group in sorted(alike.items(), key=lambda item: _FATES.index(item[0]))
        ]
        return f"{opener.name} {'; '.join(clauses)}{self._day(services)}"

    def nothing(self) -> str:
        """That nothing was seen, and whether it would have been."""
        evidence = self.evidence
        port = f":{evidence.port}" if evidence.port is not None else ""
        ends = [self._covered(end) for end in (evidence.a, evidence.b)]
        said = f"nothing was seen between {evidence.a.name} and {evidence.b.name}{port}"
        return f"{said}: {'; '.join(ends)}"

    def one_sided(self) -> list[str]:
        """Where it was seen, if not at interfaces of both ends."""
        evidence = self.evidence
        ends = (evidence.a, evidence.b)
        points = _listed(sorted(evidence.seen_at))
        unknown = [end for end in ends if not end.interfaces]
        unseen = [end for end in ends if not evidence.seen_at & set(end.interfaces)]
        if len(unknown) == 2:
            return [f"it was seen at {points}: of either end, or on the way, which the store does not tell"]
        if len(unseen) == 2:
            return [f"it was seen only on the way, at {points}"]
        return [
            f"nothing of it was seen at {_listed(end.interfaces)}, which {end.name} has"
            if end.interfaces
            else f"no interface of {end.name} is in the store: what happened there is not seen"
            for end in unseen
        ]

    def undecided(self) -> list[str]:
        """How many attempts are undecided, and why that may be."""
        undecided = sum(_undecided(service) for service in self.evidence.services)
        if not undecided:
            return []
        holes = {
            interface: states["gap"] + states["partial"] + states["unknown"]
            for interface, found in self.evidence.coverage.items()
            if (states := {"gap": 0, "partial": 0, "unknown": 0, **found})
        }
        missing = [interface for interface, number in holes.items() if number]
        reason = (
            f"records may be missing at {_listed(missing)}"
            if missing
            else "the answer may take another path, or be too new to be there"
        )
        return [f"{_count(undecided, 'attempt')} cannot be decided: no answer was seen, but {reason}"]

    def _fate_of_one(self, fate: str, server: End, service: Row) -> str:
        target = self._target(server, [service])
        if fate == "reached":
            return (
                f"reached {target}{self._how_often(service)}, last at {self._time(service['last_success_s'])}"
            )
        if fate == "reached since":
            since = self._time(service["first_success_s"])
            return f"reached {target} since {since}; before that {self._failing(service, before=True)}"
        if fate == "reached until":
            until = self._time(service["last_success_s"])
            return f"reached {target} until {until}, {self._failing(service)}"
        if fate == "undecided":
            return f"sent to {target}, accepted; whether it was answered is not decidable"
        return f"did not reach {target}: {self._failing(service)}"

    def _fate_of_several(self, fate: str, server: End, services: Sequence[Row]) -> str:
        target = self._target(server, services)
        last = max((s["last_success_s"] for s in services if s["last_success_s"] is not None), default=None)
        if fate in ("reached", "reached since"):
            return f"reached {target}, last at {self._time(last)}"
        if fate == "reached until":
            since = min(s["failing_since_s"] for s in services)
            return f"reached {target} until {self._time(last)}, failing since {self._time(since)}"
        if fate == "undecided":
            return f"sent to {target}, accepted; whether it was answered is not decidable"
        since = min(s["first_failure_s"] for s in services)
        return f"did not reach {target}: {fate} since {self._time(since)}"

    def _failing(self, service: Row, *, before: bool = False) -> str:
        for kind, said in (
            ("rejected", "rejected"),
            ("refused", "refused by the host"),
            ("silent", "unanswered"),
        ):
            since = service["first_failure_s"] if before else service[f"{kind}_since_s"]
            if since is not None and (service[kind] or not before):
                filters = self._filter(service) if kind == "rejected" and not before else ""
                return f"{said} since {self._time(since)}{filters}"
        return f"not decidable since {self._time(service['failing_since_s'])}"

    def _filter(self, service: Row) -> str:
        """Where packets of the service are rejected, and by what, as far as that is known."""
        key = (service["opener"], service["protocol"], service["server_port"])
        rows = [
            row
            for row in self.evidence.filters
            if (row["opener"], row["protocol"], row["server_port"]) == key
        ]
        if not rows:
            return ""
        points = sorted({point for row in rows if row["points"] for point in row["points"].split()})
        where = f" at {_listed(points)}" if points else ""
        known = [row for row in rows if row["certainty"] in _CERTAINTIES]
        best = min(known, key=lambda row: _CERTAINTIES.index(row["certainty"]), default=None)
        if best is None:
            return f"{where}, by a security group or a network ACL"
        return f"{where}, {_FILTERS.get((best['filter'], best['certainty']), best['filter'])}"

    def _how_often(self, service: Row) -> str:
        failed = service["refused"] + service["rejected"] + service["silent"]
        if not failed or not service["attempts"]:
            return ""
        return f" in {service['answered']:,} of {_count(service['attempts'], 'attempt')}"

    def _target(self, server: End, services: Sequence[Row]) -> str:
        ports = [self._port(service) for service in services]
        address = f"[{server.name}]" if ":" in server.name else server.name
        if len(ports) == 1:
            port = ports[0]
            is_tcp = services[0]["protocol"] == 6
            return f"{address}:{port}" if is_tcp else f"{server.name} by {port}"
        more = f" and {len(ports) - _MOST_SERVICES:,} more" if len(ports) > _MOST_SERVICES else ""
        return f"{server.name} on {', '.join(ports[:_MOST_SERVICES])}{more}"

    @staticmethod
    def _port(service: Row) -> str:
        name = _PROTOCOLS.get(service["protocol"], f"protocol {service['protocol']}")
        port = service["server_port"]
        if service["protocol"] == 6:
            return str(port)
        return f"{name} {port}" if service["protocol"] == 17 else name

    def _covered(self, end: End) -> str:
        if not end.interfaces:
            return f"no interface of {end.name} is in the store"
        states: dict[str, int] = {}
        for interface in end.interfaces:
            for state, number in self.evidence.coverage.get(interface, {}).items():
                states[state] = states.get(state, 0) + number
        total = sum(states.values())
        logged = states.get("covered", 0) + states.get("idle", 0)
        interfaces = f"{_listed(end.interfaces)} of {end.name}"
        if not total:
            return f"{interfaces} logged nothing in this window"
        if logged == total:
            return f"{interfaces} was logged all the time"
        return f"{interfaces} was logged in {logged:,} of {total:,} slots only, so something may be missing"

    def _local(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC).astimezone(self.evidence.options.tz)

    def _time(self, seconds: Any) -> str:
        local = self._local(seconds)
        clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
        return clock if self.has_one_day else f"{local:%Y-%m-%d} {clock}"

    def _day(self, services: Sequence[Row]) -> str:
        """The day of the times, where they do not tell it themselves, and their zone."""
        zone = self.evidence.options.tz.key
        if not self.has_one_day:
            return f" ({zone})"
        return f" ({self._local(services[0]['first_s']):%Y-%m-%d} {zone})"


# In the order in which they are told.
_FATES = (
    "reached until",
    "reached since",
    "reached",
    "rejected",
    "refused by the host",
    "unanswered",
    "undecided",
)


def _fate(service: Row) -> str:
    fails = [service[f"{kind}_since_s"] for kind in ("rejected", "refused", "silent")]
    if service["answered"]:
        if any(since is not None for since in fails):
            return "reached until"
        first_failure = service["first_failure_s"]
        failed = service["rejected"] + service["refused"] + service["silent"]
        if failed and not service["failures_between"] and first_failure < service["first_success_s"]:
            return "reached since"
        return "reached"
    for kind, fate in (
        ("rejected", "rejected"),
        ("refused", "refused by the host"),
        ("silent", "unanswered"),
    ):
        if service[kind] and service[f"{kind}_since_s"] is not None:
            return fate
    return "undecided"


def _undecided(service: Row) -> int:
    decided = service["answered"] + service["refused"] + service["rejected"] + service["silent"]
    return int(service["attempts"] - decided)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
