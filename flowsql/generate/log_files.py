"""The log objects of a run, named and laid out as AWS does in S3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from flowsql.generate.describe.answers import FlowLog
from flowsql.generate.relations import Leg, Relations
from flowsql.generate.schedule import MOST_RECORDS_PER_FILE, Schedule
from flowsql.generate.topology import ACCOUNT_ID, REGION
from flowsql.generate.traffic import LEG, Record
from flowsql.generate.write import Format, LogFile, whole_file, writing

LATE = "late"


class LogFiles:
    """The log objects of a run, opened as records come for them and closed when their slot is over."""

    def __init__(
        self,
        directory: Path,
        format_: Format,
        schedule: Schedule,
        relations: Relations,
        flow_logs: Sequence[FlowLog],
        on_file: Callable[[Path, int], None] | None,
    ) -> None:
        self.written: list[Path] = []
        self.late: list[Path] = []
        self._directory, self._schedule, self._on_file = directory, schedule, on_file
        self._format = format_
        legs = relations.legs
        self._log_of, self._second_of = _places(flow_logs, legs)
        self._copied = [leg.copied for leg in legs]
        self._copy_only = [leg.copy_only for leg in legs]
        self._has_second = bool(relations.covered)
        self._flow_logs = flow_logs
        self._slot = -1
        self._open: dict[tuple[int, bool], _Open] = {}
        self._parts: dict[int, int] = {}
        self._run = 0

    def __enter__(self) -> LogFiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._close_all()
        for opened in self._open.values():
            opened.abandon()

    def add(self, slot: int, runs: Sequence[Sequence[Record]]) -> None:
        """Write the runs to the files of the slot; no earlier slot may follow."""
        if slot != self._slot:
            self._close_all()
            self._slot, self._parts = slot, {}
        late = slot in self._schedule.late
        for run in runs:
            self._run += 1
            # Every other run of a late slot comes late.
            is_late = late and self._run % 2 == 1
            if self._has_second:
                self._add_second(run, is_late)
            own = [r for r in run if not self._copy_only[r[LEG]]] if self._has_second else run
            if own:
                self._append(self._log_of[own[0][LEG]], is_late, own)

    def _add_second(self, run: Sequence[Record], is_late: bool) -> None:
        copies = [r for r in run if self._copied[r[LEG]] or self._copy_only[r[LEG]]]
        if copies:
            self._append(self._second_of[copies[0][LEG]], is_late, copies)

    def _append(self, flow_log: int, is_late: bool, run: Sequence[Record]) -> None:
        key = flow_log, is_late
        opened = self._open.get(key)
        if opened and opened.records + len(run) > MOST_RECORDS_PER_FILE:
            self._close(key)
            opened = None
        if opened is None:
            part = self._parts[flow_log] = self._parts.get(flow_log, -1) + 1
            name = _object_name(
                self._flow_logs[flow_log].flow_log_id, self._schedule.slot_start(self._slot), part
            )
            folder = self._directory / LATE if is_late else self._directory
            opened = self._open[key] = _Open(folder / f"{name}{self._format.suffix}", self._format)
        opened.add(run)

    def _close_all(self) -> None:
        for key in sorted(self._open):
            self._close(key)

    def _close(self, key: tuple[int, bool]) -> None:
        opened = self._open.pop(key)
        opened.finish()
        (self.late if key[1] else self.written).append(opened.path)
        if self._on_file:
            self._on_file(opened.path, opened.records)


class _Open:
    """A log object that is being written."""

    def __init__(self, path: Path, format_: Format) -> None:
        self.path, self.records = path, 0
        self.stack = ExitStack()
        self._log: LogFile = format_.begin(self.stack.enter_context(whole_file(path)))

    def add(self, run: Sequence[Record]) -> None:
        with writing(self.path):
            self._log.add(run)
        self.records += len(run)

    def finish(self) -> None:
        with writing(self.path):
            self._log.finish()
        self.stack.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._log.abandon()
        self.stack.__exit__(GeneratorExit, GeneratorExit(), None)


def _places(flow_logs: Sequence[FlowLog], legs: Sequence[Leg]) -> tuple[list[int], list[int]]:
    """For each leg the places of the flow logs that cover its VPC and its subnet, -1 if none does."""
    covers = {resource_id: i for i, flow_log in enumerate(flow_logs) for resource_id in flow_log.covers}
    subnets = [leg.interface.subnet for leg in legs]
    return [covers.get(s.vpc.vpc_id, -1) for s in subnets], [covers.get(s.subnet_id, -1) for s in subnets]


def _object_name(flow_log_id: str, slot_start: int, part: int) -> str:
    """AWS's key without suffix: folders by day, then account, region, flow log, slot and hash.

    The hash follows from the others, and they from all arguments: objects of one name are taken to have the
    same content.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    slot = datetime.fromtimestamp(slot_start, UTC)
    content = hashlib.sha256(f"{flow_log_id} {slot_start} {part}".encode()).hexdigest()
    folder = f"AWSLogs/{ACCOUNT_ID}/vpcflowlogs/{REGION}/{slot:%Y/%m/%d}"
    name = f"{ACCOUNT_ID}_vpcflowlogs_{REGION}_{flow_log_id}_{slot:%Y%m%dT%H%M}Z_{content[:8]}"
    return f"{folder}/{name}"
