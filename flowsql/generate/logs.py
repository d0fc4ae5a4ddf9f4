"""A folder of synthetic flow logs, laid out the way AWS delivers them to S3, with the truth beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from flowsql.errors import UsageError, did_you_mean
from flowsql.generate.background import Background
from flowsql.generate.describe import FlowLog, write_description
from flowsql.generate.field_values import columns_of, is_transit
from flowsql.generate.kinds import KINDS, MEANINGS
from flowsql.generate.relations import Leg, Relations, Wanted, build_relations, is_covered
from flowsql.generate.schedule import MOST_RECORDS_PER_FILE, Schedule
from flowsql.generate.topology import ACCOUNT_ID, REGION, Network, build_network
from flowsql.generate.traffic import LEG, Record, Traffic
from flowsql.generate.write import Format, LogFile, ParquetFormat, TextFormat, whole_file, writing
from flowsql.logformat.fields import DEFAULT_FIELDS, Field
from flowsql.logformat.format_string import to_format_string

# 2026-11-16T10:00:00Z. Never the clock: the same call makes the same bytes on any day.
DEFAULT_START = 1_794_823_200
INTERVALS_S = (60, 600)
TRUTH, LATE = "truth", "late"
# A folder with such a file is left out when flowsql loads the folder above it.
IGNORE = ".flowsqlignore"
_LATEST_START = 253_370_764_800  # the year 9999; file names have room for four digits


@dataclass(frozen=True, slots=True)
class Generated:
    """What `generate` wrote: the files in the order of their slots, those that come late, all records.

    `size_bytes` are those of all these files on disk; `truth` is the folder with the truth, if wanted.
    """

    files: list[Path]
    late_files: list[Path]
    records: int
    size_bytes: int
    truth: Path | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be chosen beside the number of records and the seed.

    `shares` are of all connections, by the name of a kind; 0 leaves a kind out. `overlap` adds a second flow
    log, of rejected records in some subnets. `missing_files` and `late_files` count five-minute slots.
    """

    fields: Sequence[Field] = DEFAULT_FIELDS
    parquet: bool = False
    start: int = DEFAULT_START
    duration_s: int | None = None
    interval_s: int = 60
    shares: Mapping[str, float] = field(default_factory=dict)
    missing_files: int = 0
    late_files: int = 0
    overlap: bool = False
    truth: bool = True


def generate(  # noqa: PLR0913 - one argument a setting
    directory: Path,
    *,
    records: int,
    seed: int = 1,
    on_file: Callable[[Path, int], None] | None = None,
    fields: Sequence[Field] = DEFAULT_FIELDS,
    parquet: bool = False,
    start: int = DEFAULT_START,
    duration_s: int | None = None,
    interval_s: int = 60,
    shares: Mapping[str, float] | None = None,
    missing_files: int = 0,
    late_files: int = 0,
    overlap: bool = False,
    truth: bool = True,
) -> Generated:
    """Write exactly `records` records, NODATA and SKIPDATA ones included, as log objects below `directory`.

    Files for five-minute slots from `start` (Unix seconds, rounded down to a slot), for each flow log its
    own; the `end` of their records lies in the slot. The same arguments give the same bytes. `on_file`
    hears of each file when it is complete, with the number of its records.
    Raises UsageError for arguments that make no sense, OutputError when a file cannot be written.
    """
    settings = Settings(
        fields,
        parquet,
        start,
        duration_s,
        interval_s,
        shares or {},
        missing_files,
        late_files,
        overlap,
        truth,
    )
    _check(settings)
    rng = Random(f"schedule {seed}")
    schedule = Schedule.of(
        records,
        start=start,
        interval_s=interval_s,
        duration_s=duration_s,
        missing_files=missing_files,
        late_files=late_files,
        rng=rng,
    )
    network = build_network(Random(f"network {seed}"))
    transit = is_transit(fields)
    wanted = Wanted(
        interval_s,
        transit,
        settings.shares,
        overlap,
        most_profiles=max(100, records // 10),
        most_relations=max(100, records),
    )
    relations = build_relations(network, seed, wanted)
    flow_logs = _flow_logs(network, settings, transit, f"{seed} {records}")
    with ExitStack() as stack:
        background = stack.enter_context(Background())
        format_ = (ParquetFormat if parquet else TextFormat)(columns_of(fields), relations.legs, background)
        files = _Files(directory, format_, schedule, relations, flow_logs, on_file)
        sink = None
        if truth:
            from flowsql.generate.truth import TruthWriter

            sink = TruthWriter(
                stack.enter_context(whole_file(directory / TRUTH / "truth.parquet")), relations, background
            )
            stack.callback(sink.abandon)
        traffic = Traffic(
            relations,
            Random(f"traffic {seed}"),
            interval_s=interval_s,
            intervals=schedule.intervals,
            sink=sink,
        )
        with files:
            for interval in schedule:
                for batch, runs in traffic.interval(interval):
                    if batch.logged:
                        files.add(batch.slot, runs)
        traffic.finish()
        if sink:
            sink.close()
    if truth:
        write_description(directory / TRUTH, network, flow_logs, settings.start)
        _ignore(directory / TRUTH)
    if files.late:
        _ignore(directory / LATE)
    size_bytes = sum(path.stat().st_size for path in (*files.written, *files.late))
    return Generated(files.written, files.late, records, size_bytes, directory / TRUTH if truth else None)


def _check(settings: Settings) -> None:
    if not settings.fields:
        raise UsageError("a log format needs at least one field", remedy="leave it out for AWS's default")
    if not 0 <= settings.start <= _LATEST_START:
        raise UsageError(
            f"{settings.start} is no start in Unix seconds", remedy="give a time from 1970 to 9998"
        )
    if settings.interval_s not in INTERVALS_S:
        raise UsageError(
            f"AWS has no aggregation interval of {settings.interval_s} s", remedy="60 and 600 are the two"
        )
    if is_transit(settings.fields) and settings.interval_s != 60:
        raise UsageError("transit gateways have intervals of 60 s only", remedy="leave --interval out")
    if settings.duration_s is not None and settings.duration_s < 1:
        raise UsageError("the duration must be at least a second", remedy="e.g. 30m, 24h or 7d")
    for name, count in (("missing", settings.missing_files), ("late", settings.late_files)):
        if count < 0:
            raise UsageError(f"{count} files cannot be {name}", remedy="give 0 or more")
    _check_shares(settings.shares)


def _check_shares(shares: Mapping[str, float]) -> None:
    clockwork = {kind.name for kind in KINDS if kind.period_s}
    for name, share in shares.items():
        if name not in MEANINGS:
            raise UsageError(
                f"there is no kind of traffic called {name!r}",
                remedy=f"{did_you_mean(name, MEANINGS)} `flowsql generate --kinds` lists them".lstrip(),
            )
        if not 0 <= share <= 1:
            raise UsageError(f"a share of {share:g} for {name}", remedy="give a number from 0 to 1")
        if name in clockwork and share not in (0, 1):
            raise UsageError(
                f"{name} goes by the clock, and has no share of the connections",
                remedy=f"--share {name}=0 leaves it out",
            )
    total = sum(share for name, share in shares.items() if name not in clockwork)
    if total > 1:
        raise UsageError(f"shares of {total:g} in all", remedy="together they may be 1 at most")


def _flow_logs(network: Network, settings: Settings, transit: bool, seed: str) -> list[FlowLog]:
    """A flow log for each VPC that is logged, or for the transit gateway; last the overlapping one."""
    text = to_format_string(settings.fields)
    chosen = replace(settings, truth=True)  # which does not change the logs

    def flow_log(resource_id: str, traffic_type: str | None, covers: frozenset[str]) -> FlowLog:
        # A flow log has one log format for life, so its id follows from the format; and from the seed.
        digest = hashlib.sha256(f"{seed} {text} {chosen} {resource_id}".encode()).hexdigest()
        return FlowLog(
            f"fl-0{digest[:16]}",
            resource_id,
            traffic_type,
            text,
            settings.interval_s,
            settings.parquet,
            covers,
        )

    if transit:
        vpcs = frozenset(vpc.vpc_id for vpc in network.vpcs)
        return [flow_log(network.vpcs[0].tgw_id, None, vpcs)]
    logged = [flow_log(v.vpc_id, "ALL", frozenset([v.vpc_id])) for v in network.vpcs if v.logged]
    if settings.overlap:
        subnets = [subnet.subnet_id for subnet in network.subnets if is_covered(subnet)]
        logged += [flow_log(subnet, "REJECT", frozenset([subnet])) for subnet in subnets]
    return logged


class _Files:
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

    def __enter__(self) -> _Files:
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


def _ignore(folder: Path) -> None:
    with whole_file(folder / IGNORE) as file:
        file.write(b"flowsql leaves this folder out when it loads the one above.\n")
