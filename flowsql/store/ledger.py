"""Which log objects the store knows, so that each is loaded once."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from flowsql.store.catalog import EXPIRED, FORGOTTEN, INCOMPLETE, LIVE, REPLACED
from flowsql.store.counts import Counts

if TYPE_CHECKING:
    import pyarrow as pa

# So many first bytes of the content are hashed to find the loads that an object may copy or continue.
HEAD_BYTES = 4096

# https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
# The suffix varies with what was done to a file since.
_AWS_NAME = re.compile(
    r"(\d{12}_vpcflowlogs_[a-z0-9-]+_(fl-[0-9a-f]+)_(\d{8}T\d{4})Z_[0-9a-f]+)(?:\.log)?(?:\.gz|\.parquet)?"
)


# An hour of a log stream: GROUP#STREAM@ACCOUNT/REGION/HOUR.
_HOUR_NAME = re.compile(r"cloudwatch:.+#.+@\d{12}/[a-z0-9-]+/(\d{4}-\d\d-\d\dT\d\d)Z", re.DOTALL)
_SLOT_SLACK_S = 3600


@dataclass(frozen=True, slots=True)
class AwsName:
    """What AWS's own name says: the object's identity, the flow log's id, the time of delivery.

    `slot` is in Unix seconds, None where the name has no such time. An hour of a log stream is `growing`: it
    may come with more events than before, and what AWS no longer keeps of it stays loaded.
    """

    identity: str
    flow_log_id: str | None
    slot: int | None
    growing: bool = False

    def lies_before(self, moment: int) -> bool:
        """Whether all records of an object with this name are surely from before `moment`.

        Records end before their object's 5-minute slot does; names are trusted to the hour.
        """
        return self.slot is not None and self.slot + _SLOT_SLACK_S <= moment

    def lies_after(self, moment: int) -> bool:
        """Whether all records of an object with this name surely start at `moment` or later.

        They start at most ten minutes before the slot does.
        """
        return self.slot is not None and moment <= self.slot - _SLOT_SLACK_S


@dataclass(slots=True)
class Load:
    """One log object that was read in: a row of `loads`."""

    load_id: int
    identity: str
    name: str
    size_bytes: int
    version_tag: str
    content_bytes: int
    content_hash: str
    head_sha256: str
    log_format: str
    flow_log_id: str | None = None
    state: str = LIVE
    problem: str | None = None
    lines: int = 0
    rejects: int = 0
    headers: int = 0
    blank_lines: int = 0
    counts: Counts = field(default_factory=Counts)
    loaded_at: int = 0
    modified_at: int | None = None  # as the source says, and `lags` too (see LogObject)
    lags: Mapping[int, int] = field(default_factory=dict)
    # Log format -> the flow log that writes it, where several may write to one object.
    writers: Mapping[str, str] = field(default_factory=dict)
    replaces: tuple[int, ...] = ()
    revives: tuple[int, ...] = ()  # expired and forgotten loads of the object that it brings back

    def described(self) -> dict[str, object]:
        """What a segment's metadata keeps of it, enough to rebuild its row."""
        kept = ("load_id", "identity", "name", "size_bytes", "version_tag", "content_bytes")
        more = ("content_hash", "head_sha256", "log_format", "flow_log_id", "state", "problem")
        numbers = ("lines", "rejects", "headers", "blank_lines", "loaded_at")
        counts = {name: getattr(self.counts, name) for name in Counts.__slots__}
        own = {name: getattr(self, name) for name in kept + more + numbers}
        arrival = {"modified_at": self.modified_at, "lags": sorted(self.lags.items())}
        return own | {"replaces": (*self.replaces, *self.revives)} | counts | arrival


@dataclass(frozen=True, slots=True)
class Known:
    """A load that the store, or this command, has already."""

    load_id: int
    identity: str
    name: str
    state: str
    content_bytes: int
    content_hash: str
    records: int
    problem: str | None

    @property
    def is_gone(self) -> bool:
        """Whether the object is not to be loaded again: expired or forgotten."""
        return self.state in (EXPIRED, FORGOTTEN)


@lru_cache(maxsize=1 << 14)
def aws_name(name: str) -> AwsName | None:
    """What a log object's name says if it follows AWS's grammar for delivered files, whatever folder they are
    in, or is that of an hour of a log stream; else None.
    """
    if hour := _HOUR_NAME.fullmatch(name):
        start = _unix_seconds(hour[1])
        return AwsName(f"aws:{name}", None, None if start is None else start + _SLOT_SLACK_S, growing=True)
    match = _AWS_NAME.fullmatch(name.rsplit("/", 1)[-1])
    return AwsName(f"aws:{match[1]}", match[2], _unix_seconds(match[3])) if match else None


def _unix_seconds(text: str) -> int | None:
    """A time in one of ISO 8601's forms, in UTC."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def head_hash(head: bytes) -> str:
    """Hash of the first HEAD_BYTES of an object's decompressed content."""
    return hashlib.sha256(head[:HEAD_BYTES]).hexdigest()


# Scanning a million loads takes a while: a command that looks up more objects than these makes an index.
_SCANS = 4
_COLUMNS = "load_id, identity, name, state, content_bytes, content_hash, records, problem"


class Ledger:
    """The loads of an attached catalogue, and those that this command has read since."""

    def __init__(self, con: duckdb.DuckDBPyConnection, alias: str = "catalog") -> None:
        self._con = con
        self._alias = alias
        # The loads that this command has read, under their identity, name and hashes.
        self._new: dict[str, list[Load]] = {}
        self._replaced: set[int] = set()
        self._lookups = 0
        self._index: _Index | None = None
        # (id, log format, log group) of the registered flow logs.
        self._flow_logs: list[tuple[str, str, str | None]] = con.execute(
            f"select flow_log_id, log_format, log_group from {alias}.flow_logs order by flow_log_id"
        ).fetchall()
        ((self.horizon,),) = con.execute(f"select max(horizon) from {alias}.retention").fetchall()
        # Nothing begins with no content at all, so 0 is no such size.
        self._small = {
            size
            for (size,) in con.execute(
                f"select distinct content_bytes from {alias}.loads"
                f" where content_bytes between 1 and {HEAD_BYTES}"
            ).fetchall()
        }

    def seen(self, objects: Sequence[tuple[str, int, str]]) -> dict[int, Known]:
        """Of (name, size_bytes, version_tag) triples, by position, those known under just these.

        An empty version_tag says nothing, so such an object is never among them.
        """
        import pyarrow as pa

        listed = pa.table(
            {
                "position": pa.array(range(len(objects)), pa.int64()),
                "name": pa.array([o[0] for o in objects], pa.string()),
                "size_bytes": pa.array([o[1] for o in objects], pa.int64()),
                "version_tag": pa.array([o[2] for o in objects], pa.string()),
            }
        )
        self._con.register("listed", listed)
        rows = self._con.execute(
            f"""
            select listed.position, {", ".join("loads." + c for c in _COLUMNS.split(", "))}
            from listed
            join {self._alias}.objects using (name, size_bytes, version_tag)
            join {self._alias}.loads using (load_id)
            where listed.version_tag <> ''
            """
        ).fetchall()
        self._con.unregister("listed")
        return {row[0]: Known(*row[1:]) for row in rows}

    def flow_logs_of(self, name: str, log_group: str = "") -> dict[str, str]:
        """The registered flow logs that write an object of that name, or to that log group: id -> log format.

        The name tells by the flow log's id in it, or as that of an hour of a log stream.
        """
        aws = aws_name(name)
        return {
            flow_log_id: log_format
            for flow_log_id, log_format, group in self._flow_logs
            if (aws is not None and aws.flow_log_id == flow_log_id)
            or (group is not None and (name.startswith(f"cloudwatch:{group}#") or group == log_group))
        }

    def newest(self, prefix: str, mark: str = "") -> str | None:
        """The greatest object name known that begins with `prefix` and has `mark` in it, or None."""
        ((name,),) = self._con.execute(
            f"select max(name) from {self._alias}.objects where starts_with(name, ?) and contains(name, ?)",
            [prefix, mark],
        ).fetchall()
        return name if name is None else str(name)

    def least_ending(self, prefix: str) -> str | None:
        """The least of what follows the last slash in the object names known that begin with `prefix`, or
        None.
        """
        ((ending,),) = self._con.execute(
            f"select min(split_part(name, '/', -1)) from {self._alias}.objects where starts_with(name, ?)",
            [prefix],
        ).fetchall()
        return ending if ending is None else str(ending)

    def unfinished(self, prefix: str) -> list[str]:
        """The names that begin with `prefix` of objects which were not read to their end, in order."""
        rows = self._con.execute(
            f"select distinct name from {self._alias}.loads where starts_with(name, ?)"
            f" and state = '{INCOMPLETE}' order by name",
            [prefix],
        ).fetchall()
        return [name for (name,) in rows]

    def add(self, load: Load) -> None:
        """Remembers a load that this command has read, and what it replaces."""
        for key in {load.identity, load.name, load.head_sha256, load.content_hash}:
            self._new.setdefault(key, []).append(load)
        if 0 < load.content_bytes <= HEAD_BYTES:
            self._small.add(load.content_bytes)
        self.mark_replaced(load.replaces)

    def mark_replaced(self, load_ids: Iterable[int]) -> None:
        """Remembers that these loads no longer count."""
        self._replaced.update(load_ids)

    def related(self, name: str, aws: AwsName | None, head: bytes) -> list[Known]:
        """The loads that an object may be the same as, or may replace, also expired and forgotten ones.

        Those with its AWS identity; else those whose content begins as its own does, and incomplete ones
        that were read from the same name. Two different AWS names are different objects whatever they hold.
        Also replaced ones without an AWS name: what they held is part of the object that grew out of them,
        so an old copy of it brings nothing new.
        """
        heads = [head_hash(head)] if head else []
        heads += [hashlib.sha256(head[:size]).hexdigest() for size in self._small if size <= len(head)]
        identity = aws.identity if aws else ""
        rows = self._related_rows(identity, name, heads)
        new = {load.load_id: load for key in (identity, name, *heads) for load in self._new.get(key, ())}
        related = [Known(*row) for row in rows]
        related += [_known(new[i]) for i in sorted(new) if _is_related(new[i], name, identity, heads)]
        now = [replace(k, state=REPLACED) if k.load_id in self._replaced else k for k in related]
        return [k for k in now if k.state in (LIVE, INCOMPLETE) or k.is_gone or _lives_on(k)]

    def _related_rows(self, identity: str, name: str, heads: Sequence[str]) -> list[tuple[Any, ...]]:
        """Those in the catalogue, as _COLUMNS. A command's first few look-ups scan all loads."""
        self._lookups += 1
        candidates = "true"
        if self._lookups > _SCANS:
            self._index = self._index or _Index(self._con, f"{self._alias}.loads")
            load_ids = self._index.load_ids([identity, name, *heads])
            if not load_ids:
                return []
            # As literals: these let the scan skip whole row groups.
            candidates = f"load_id in ({', '.join(map(str, load_ids))})"
        return self._con.execute(
            f"""
            select {_COLUMNS} from {self._alias}.loads
            where {candidates} and (identity = $identity
                or (name = $name and state = '{INCOMPLETE}')
                or (($identity = '' or identity not like 'aws:%')
                    and (head_sha256 in $heads or content_hash in $heads)))
            order by load_id
            """,
            {"identity": identity, "name": name, "heads": heads},
        ).fetchall()


class _Index:
    """The loads of a catalogue by the keys that they may be known by: 16 bytes a key, no query a look-up."""

    def __init__(self, con: duckdb.DuckDBPyConnection, loads: str) -> None:
        table = con.sql(
            f"""
            select md5_number_lower(key) as key, load_id
            from (
                select identity as key, load_id from {loads}
                union all select head_sha256, load_id from {loads}
                union all select name, load_id from {loads} where state = '{INCOMPLETE}'
                union all select content_hash, load_id from {loads}
                    where content_bytes between 1 and {HEAD_BYTES}
            )
            order by all
            """
        ).to_arrow_table()
        self._keys = _integers(table.column("key"), "Q")
        self._load_ids = _integers(table.column("load_id"), "q")

    def load_ids(self, keys: Iterable[str]) -> list[int]:
        """Those of all loads with one of the keys, and hardly ever of another, in order."""
        found: set[int] = set()
        for key in keys:
            number = _md5_number_lower(key)
            at = bisect_left(self._keys, number)
            while at < len(self._keys) and self._keys[at] == number:
                found.add(self._load_ids[at])
                at += 1
        return sorted(found)


def _md5_number_lower(key: str) -> int:
    """What DuckDB's function of that name gives."""
    return int.from_bytes(hashlib.md5(key.encode(), usedforsecurity=False).digest()[8:], "little")


def _integers(column: pa.ChunkedArray, kind: Literal["Q", "q"]) -> Sequence[int]:
    """The values of a column without nulls, where Arrow has them."""
    chunk = column.combine_chunks()
    return memoryview(chunk.buffers()[1]).cast(kind)[chunk.offset :][: len(chunk)] if len(chunk) else ()


def _is_related(load: Load, name: str, identity: str, heads: Sequence[str]) -> bool:
    if load.identity == identity or (load.name == name and load.state == INCOMPLETE):
        return True
    begins_alike = load.head_sha256 in heads or load.content_hash in heads
    return begins_alike and (not identity or not load.identity.startswith("aws:"))


def _lives_on(known: Known) -> bool:
    """Whether a replaced load's records are all in the load that replaced it: an object that grew."""
    return known.state == REPLACED and known.problem is None and not known.identity.startswith("aws:")


def _known(load: Load) -> Known:
    return Known(
        load.load_id,
        load.identity,
        load.name,
        load.state,
        load.content_bytes,
        load.content_hash,
        load.counts.records,
        load.problem,
    )
