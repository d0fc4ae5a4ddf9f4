"""A folder of synthetic flow logs, laid out the way AWS delivers them to S3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from random import Random

from flowsql.errors import UsageError
from flowsql.generate.field_values import columns_of, is_transit
from flowsql.generate.relations import build_relations
from flowsql.generate.topology import ACCOUNT_ID, REGION, build_network
from flowsql.generate.traffic import INTERVAL_S, Record, Traffic
from flowsql.generate.write import ParquetWriter, TextWriter, Writer
from flowsql.logformat.fields import DEFAULT_FIELDS, Field
from flowsql.logformat.format_string import to_format_string

# 2026-11-16T10:00:00Z. Never the clock: the same call makes the same bytes on any day.
DEFAULT_START = 1_794_823_200
SLOT_S = 300  # AWS publishes a file for every five minutes
_LATEST_START = 253_370_764_800  # the year 9999; file names have room for four digits
_MOST_RECORDS_PER_FILE = 500_000
_FEWEST_RECORDS_PER_FILE, _FILES_AT_LEAST = 50, 6


@dataclass(frozen=True, slots=True)
class Generated:
    """What `generate` wrote: the files in the order of their slots, all records, and the bytes on disk."""

    files: list[Path]
    records: int
    size_bytes: int


def generate(
    directory: Path,
    *,
    records: int,
    fields: Sequence[Field] = DEFAULT_FIELDS,
    seed: int = 1,
    parquet: bool = False,
    start: int = DEFAULT_START,
    on_file: Callable[[Path, int], None] | None = None,
) -> Generated:
    """Write exactly `records` records, NODATA and SKIPDATA ones included, as log objects below `directory`.

    One file per five-minute slot from `start` (Unix seconds, rounded down to a slot); the `end` of
    its records lies in the slot. The same arguments give the same bytes. `on_file` hears of each
    file when it is complete, with the number of its records.
    Raises UsageError for no records, no fields or a start out of range, OutputError when a file
    cannot be written.
    """
    _check(records, fields, start)
    network = build_network(Random(f"network {seed}"))
    relations = build_relations(network, Random(f"relations {seed}"), between_vpcs=is_transit(fields))
    traffic = Traffic(network, relations, Random(f"traffic {seed}"))
    kind = ParquetWriter if parquet else TextWriter
    writer: Writer = kind(columns_of(fields), relations.legs)
    files: list[Path] = []
    for slot_start, counts in _slots(records, start):
        name = _object_name(slot_start, f"{seed} {records}", to_format_string(fields))
        path = directory / f"{name}{writer.suffix}"
        writer.write(path, _runs(traffic, slot_start, counts))
        files.append(path)
        if on_file:
            on_file(path, sum(counts))
    return Generated(files, records, sum(file.stat().st_size for file in files))


def _check(records: int, fields: Sequence[Field], start: int) -> None:
    if records < 1:
        raise UsageError(f"{records} records cannot be generated", remedy="ask for at least 1")
    if not fields:
        raise UsageError("a log format needs at least one field", remedy="leave it out for AWS's default")
    if not 0 <= start <= _LATEST_START:
        raise UsageError(f"{start} is no start in Unix seconds", remedy="give a time from 1970 to 9998")


def _slots(records: int, start: int) -> Iterator[tuple[int, list[int]]]:
    """The start of each slot and the records of each of its minutes, spread evenly."""
    files = max(
        -(-records // _MOST_RECORDS_PER_FILE),
        min(-(-records // _FEWEST_RECORDS_PER_FILE), _FILES_AT_LEAST),
    )
    minutes = SLOT_S // INTERVAL_S
    total = files * minutes
    counts = [records * (i + 1) // total - records * i // total for i in range(total)]
    for i in range(files):
        yield start - start % SLOT_S + i * SLOT_S, counts[i * minutes : (i + 1) * minutes]


def _runs(traffic: Traffic, slot_start: int, counts: Sequence[int]) -> Iterator[list[Record]]:
    starts = range(slot_start, slot_start + SLOT_S, INTERVAL_S)
    return chain.from_iterable(map(traffic.minute, starts, counts))


def _object_name(slot_start: int, seed: str, log_format: str) -> str:
    """AWS's key without suffix: folders by day, then account, region, flow log, slot and hash.

    A flow log has one log format for life, so its id follows from the format; the hash also from
    the seed, since objects of the same name are taken to have the same content.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
    """
    slot = datetime.fromtimestamp(slot_start, UTC)
    flow_log = hashlib.sha256(f"{seed} {log_format}".encode()).hexdigest()
    content = hashlib.sha256(f"{flow_log} {slot_start}".encode()).hexdigest()
    folder = f"AWSLogs/{ACCOUNT_ID}/vpcflowlogs/{REGION}/{slot:%Y/%m/%d}"
    name = f"{ACCOUNT_ID}_vpcflowlogs_{REGION}_fl-0{flow_log[:16]}_{slot:%Y%m%dT%H%M}Z_{content[:8]}"
    return f"{folder}/{name}"
