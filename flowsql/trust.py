"""How far an answer can be trusted: what it counted, and what it could not know."""

from __future__ import annotations

from dataclasses import dataclass

# Of a capture slot, in the order of Slots.
STATES = ("covered", "idle", "partial", "gap", "unknown")


@dataclass(frozen=True, slots=True)
class Slots:
    """The capture slots of the window by state, over all its capture points; see the view `coverage`."""

    covered: int = 0
    idle: int = 0
    partial: int = 0
    gap: int = 0
    unknown: int = 0
    capture_points: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.covered + self.idle + self.partial + self.gap + self.unknown

    @property
    def not_decidable(self) -> int:
        """Those in which something may have happened that is not in the records."""
        return self.partial + self.gap + self.unknown


@dataclass(frozen=True, slots=True)
class Trust:
    """What an answer counted and how complete it is.

    `records` are those of the window and scope, NODATA and SKIPDATA ones included; `context_s` is how
    far beyond both ends of the window was looked for openings and answers, 0 for not at all;
    `without_time` the ones with neither start nor end, which no bounded window has; `without_bytes`
    those with packets but no bytes. `rejects` are the lines refused in the objects loaded so far,
    `late_objects` the objects with records of the window that came when it should have been complete.
    `slots` is None where they were not looked at, for the reason `no_slots`. `second_views` are the
    records that totals leave out because another record counts their packets; None where the query does
    not leave them out, or where they were not counted, as `notes` then say. `bytes_maybe_twice` are
    those in totals that another interface may have logged too, as nobody's address is known in them.
    `one_kind` is ACCEPT or REJECT if only such records are there, else ''; `reject_only` counts the
    interfaces with rejects only beside others. `absence` says that the answer concludes from what is
    not there. `notes` are further sentences.
    """

    window: str
    records: int
    context_s: int = 0
    nodata: int = 0
    skipdata: int = 0
    rejects: int = 0
    incomplete_objects: int = 0
    late_objects: int = 0
    without_time: int = 0
    without_bytes: int = 0
    slots: Slots | None = None
    no_slots: str = ""
    second_views: int | None = None
    bytes_maybe_twice: int = 0
    one_kind: str = ""
    reject_only: int = 0
    absence: bool = False
    notes: tuple[str, ...] = ()

    @property
    def sums_are_lower_bounds(self) -> bool:
        """Whether AWS left out flows, or bytes of flows, that belong to the answer."""
        return bool(self.skipdata or self.without_bytes)

    def line(self) -> str:
        """The trust line: one sentence of figures, then what to beware of."""
        context = f" (context {_span(self.context_s)})" if self.context_s else ""
        parts = [f"{self.window}{context}: {_count(self.records, 'record')}"]
        if self.nodata:
            parts.append(f"{self.nodata:,} NODATA")
        if self.skipdata:
            parts.append(f"{self.skipdata:,} SKIPDATA")
        parts.append(
            f"{_count(self.rejects, 'line')} rejected at load" if self.rejects else "no line rejected"
        )
        if self.incomplete_objects:
            parts.append(f"{_count(self.incomplete_objects, 'object')} incomplete")
        if self.late_objects:
            parts.append(f"{_count(self.late_objects, 'late object')}")
        return "; ".join([", ".join(parts), *self._warnings(), *self.notes])

    def _warnings(self) -> list[str]:
        said = [self._coverage()] if self.slots else ["slots not counted"] if self.no_slots else []
        if self.sums_are_lower_bounds:
            said.append("sums are lower bounds (>=)")
        if self.one_kind:
            said.append(f"looks {self.one_kind}-only")
        if self.reject_only:
            verb = "looks" if self.reject_only == 1 else "look"
            said.append(f"{_count(self.reject_only, 'interface')} {verb} REJECT-only")
        if self.second_views:
            said.append(f"{_count(self.second_views, 'record')} left out of totals as second views")
        if self.bytes_maybe_twice:
            said.append(f"up to {self.bytes_maybe_twice:,} bytes may be counted twice")
        if self.absence:
            said.append(self._absence())
        return said

    def _coverage(self) -> str:
        slots = self.slots or Slots()
        logged = slots.covered + slots.idle
        if not slots.total:
            return "no capture slot"
        if logged == slots.total:
            return f"{'all ' if logged > 1 else ''}{_count(logged, 'slot')} covered"
        states = (("partial", slots.partial), ("gap", slots.gap), ("unknown", slots.unknown))
        others = ", ".join(f"{number:,} {state}" for state, number in states if number)
        return f"{logged:,} of {_count(slots.total, 'slot')} covered, {others}"

    def _absence(self) -> str:
        if self.one_kind:
            return f"nothing about what is not {self.one_kind} is decidable"
        if self.slots is None:
            return "how much is not decidable was not looked at"
        if not self.slots.total:
            return "nothing was logged, so nothing is decidable"
        if not self.slots.not_decidable:
            return "what is not there did not happen, as far as AWS logs it"
        share = self.slots.not_decidable / self.slots.total
        return f"not decidable in {_count(self.slots.not_decidable, 'slot')} ({_percent(share)})"

    def why(self) -> str:
        """Every figure as a sentence of its own, a line each."""
        return "\n".join([*self._counted(), *self._covered(), *self._left_out(), *map(_sentence, self.notes)])

    def _counted(self) -> list[str]:
        said = [
            f"The window and scope is {self.window}.",
            f"It holds {_count(self.records, 'record')}, {self.nodata:,} NODATA and {self.skipdata:,}"
            " SKIPDATA ones among them.",
            f"{_count(self.rejects, 'line')} of the objects loaded so far could not be read as records"
            + (" (`select * from rejects`)." if self.rejects else "."),
        ]
        if self.context_s:
            said.append(
                f"Openings and answers were looked for {_span(self.context_s)} before and after it as well"
                " (`--context`)."
            )
        if self.incomplete_objects:
            said.append(
                f"{_count(self.incomplete_objects, 'object')} could be read in part only"
                " (`select * from loads where state = 'incomplete'`)."
            )
        if self.late_objects:
            said.append(
                f"{_count(self.late_objects, 'object')} with records of the window came when it should have"
                " been complete: an earlier answer may have been another."
            )
        if self.skipdata:
            said.append("AWS skipped records where it logged SKIPDATA: sums are lower bounds (>=).")
        if self.without_bytes:
            said.append(
                f"AWS logged packets without bytes in {_count(self.without_bytes, 'record')}, as it does for"
                " VPC Block Public Access: sums of bytes are lower bounds (>=)."
            )
        if self.without_time:
            said.append(
                f"The store has {_count(self.without_time, 'record')} without start and end: only a window"
                " without bounds has them."
            )
        return said

    def _covered(self) -> list[str]:
        if self.slots is None:
            said = [f"Coverage was not looked at: {self.no_slots}."] if self.no_slots else []
        else:
            s = self.slots
            said = [
                f"Of {_count(s.total, 'capture slot')} at {_count(s.capture_points, 'capture point')}"
                f" {s.covered:,} are covered, {s.idle:,} idle (NODATA), {s.partial:,} partial (SKIPDATA),"
                f" {s.gap:,} gaps (nothing arrived), {s.unknown:,} unknown (before the first record or"
                " after the last, cut off by the window, or too new); `select * from coverage` shows them."
            ]
        if self.one_kind:
            said.append(
                f"All records are {self.one_kind}: the flow log looks {self.one_kind}-only, so nothing is"
                " known of other traffic, and NODATA means only that there was none of that kind."
            )
        if self.reject_only:
            said.append(
                f"Of {_count(self.reject_only, 'interface')} there are REJECT records only, beside others"
                " with both: nothing is known of what was accepted there."
            )
        if self.absence:
            said.append(_sentence(f"The answer concludes from what is not there: {self._absence()}"))
        return said

    def _left_out(self) -> list[str]:
        if self.second_views is None:
            return []
        said = [
            f"Totals leave out {_count(self.second_views, 'record')} of packets that another record counts"
            " (`select second_view_of, count(*) from flows group by all`)."
        ]
        if self.bytes_maybe_twice:
            said.append(
                f"Of the bytes in totals {self.bytes_maybe_twice:,} are of records that do not tell whose"
                " address is whose: another interface may have logged them under another address"
                " (`select * from flows where counted and may_be_twice`)."
            )
        return said


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _span(span_s: int) -> str:
    """A span the way it is typed: '1h', '5m', '90s'."""
    for unit, unit_s in (("h", 3600), ("m", 60)):
        if span_s % unit_s == 0:
            return f"{span_s // unit_s}{unit}"
    return f"{span_s}s"


def _percent(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{share * 100:.0f} %"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
