"""A folder of synthetic flow logs, laid out the way AWS delivers them to S3, with the truth beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from flowsql.errors import UsageError, did_you_mean
from flowsql.generate.background import Background
from flowsql.generate.describe.answers import FlowLog, write_description
from flowsql.generate.field_values import columns_of, is_transit
from flowsql.generate.kinds import KINDS, MEANINGS
from flowsql.generate.log_files import LATE, LogFiles
from flowsql.generate.relate import Wanted, build_relations, is_covered
from flowsql.generate.relations import Relations
from flowsql.generate.schedule import Schedule
from flowsql.generate.topology import Network, build_network
from flowsql.generate.traffic import Traffic
from flowsql.generate.write import ParquetFormat, TextFormat, whole_file
from flowsql.logformat.fields import DEFAULT_FIELDS, Field
from flowsql.logformat.format_string import to_format_string

if TYPE_CHECKING:
    from flowsql.generate.truth import TruthWriter

# 2026-11-16T10:00:00Z. Never the clock: the same call makes the same bytes on any day.
DEFAULT_START = 1_794_823_200
INTERVALS_S = (60, 600)
TRUTH = "truth"
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
    schedule = Schedule.of(
        records,
        start=start,
        interval_s=interval_s,
        duration_s=duration_s,
        missing_files=missing_files,
        late_files=late_files,
        rng=Random(f"schedule {seed}"),
    )
    network = build_network(Random(f"network {seed}"))
    transit = is_transit(fields)
    relations = build_relations(network, seed, _wanted(settings, transit, records))
    flow_logs = _flow_logs(network, settings, transit, f"{seed} {records}")
    with Background() as background:
        format_ = (ParquetFormat if parquet else TextFormat)(columns_of(fields), relations.legs, background)
        files = LogFiles(directory, format_, schedule, relations, flow_logs, on_file)
        with _truth_writer(directory, relations, background) if truth else nullcontext() as sink:
            traffic = Traffic(
                relations,
                Random(f"traffic {seed}"),
                interval_s=interval_s,
                intervals=schedule.intervals,
                sink=sink,
            )
            _write(traffic, schedule, files)
    if truth:
        write_description(directory / TRUTH, network, flow_logs, settings.start)
        _ignore(directory / TRUTH)
    if files.late:
        _ignore(directory / LATE)
    size_bytes = sum(path.stat().st_size for path in (*files.written, *files.late))
    return Generated(files.written, files.late, records, size_bytes, directory / TRUTH if truth else None)


def _wanted(settings: Settings, transit: bool, records: int) -> Wanted:
    return Wanted(
        settings.interval_s,
        transit,
        settings.shares,
        settings.overlap,
        most_profiles=max(100, records // 10),
        most_relations=max(100, records),
    )


@contextmanager
def _truth_writer(directory: Path, relations: Relations, background: Background) -> Iterator[TruthWriter]:
    """What takes down the truth; its file is whole at the end, or not there."""
    from flowsql.generate.truth import TruthWriter

    with whole_file(directory / TRUTH / "truth.parquet") as file:
        writer = TruthWriter(file, relations, background)
        try:
            yield writer
            writer.close()
        finally:
            writer.abandon()


def _write(traffic: Traffic, schedule: Schedule, files: LogFiles) -> None:
    with files:
        for interval in schedule:
            for batch, runs in traffic.interval(interval):
                if batch.logged:
                    files.add(batch.slot, runs)
    traffic.finish()


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


def _ignore(folder: Path) -> None:
    with whole_file(folder / IGNORE) as file:
        file.write(b"flowsql leaves this folder out when it loads the one above.\n")
