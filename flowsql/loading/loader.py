"""Loading: which log objects are new, read them, write them, commit them whole.

Here sources, ingest and store meet; what happened to each object ends in a LoadReport.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from flowsql.errors import FlowsqlError, SourceError, StoreError
from flowsql.ingest.blocks import Buffers
from flowsql.ingest.detect import NotFlowLogs
from flowsql.ingest.digest import digest_of
from flowsql.ingest.read import Reading, Unreadable, open_object, start_reading, unreadable
from flowsql.ingest.text import ParsedBlock
from flowsql.interrupts import Interrupts
from flowsql.loading.ahead import opened_ahead
from flowsql.loading.comparison import Comparison, compare
from flowsql.loading.epoch import Epoch
from flowsql.loading.report import LoadReport, Outcome, Progress
from flowsql.logformat.fields import Field
from flowsql.logformat.format_string import notice_of_unknown, parse_format_string, to_format_string
from flowsql.sources.source import LogObject, SourceLost, Wanted
from flowsql.store.catalog import EXPIRED, INCOMPLETE
from flowsql.store.commit import Sighting
from flowsql.store.ledger import Known, Ledger, Load, aws_name, head_hash

# More threads than these only wait for the one that reads.
_MOST_PARSERS = 4
_LOOKED_UP_AT_ONCE = 5_000
_HELD_AT_ONCE = 100
_HELD_BYTES = 32 << 20


class Loader:
    """Loads log objects into the store behind `epoch`, each once; `report` tells what became of them."""

    def __init__(
        self,
        ledger: Ledger,
        epoch: Epoch,
        report: LoadReport,
        *,
        log_format: Sequence[Field] | None,
        again: bool,
        wanted: Wanted,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._ledger = ledger
        self._epoch = epoch
        self._log_format = log_format
        self._again = again
        self._wanted = wanted
        self._on_progress = on_progress
        self._buffers = Buffers()
        self._progress = Progress()
        self._report = report

    def load(self, finds: Sequence[Iterable[LogObject]]) -> None:
        """Reads and commits the objects that each source finds, in their order; stops early, cleanly, when
        the user presses Ctrl-C or the store cannot be written (`stopped_by` of the report).
        """
        started = time.monotonic()
        workers = max(1, min(_MOST_PARSERS, os.cpu_count() or 1))
        with Interrupts() as interrupts, ThreadPoolExecutor(workers) as pool:
            try:
                for found in finds:
                    self._load_found(found, pool, interrupts)
                self._commit(is_last=True)
                if interrupts.requested:
                    self._stop(interrupts.error())
            except StoreError as error:
                self._stop(error)
        self._report.elapsed_s = time.monotonic() - started

    def _load_found(self, found: Iterable[LogObject], pool: Executor, interrupts: Interrupts) -> None:
        """One object after the other, until all are done, Ctrl-C is pressed, or the source fails."""
        progress = self._progress
        try:
            with opened_ahead(self._unread(found)) as unread:
                for log_object in unread:
                    if interrupts.requested:
                        return
                    bytes_before = progress.bytes_done
                    self._load_one(log_object, pool, interrupts)
                    self._commit(is_last=False)
                    progress.objects_done += 1
                    progress.bytes_done = bytes_before + log_object.size_bytes
                    self._on_progress(progress)
        except SourceError as error:
            self._report.problems.append(error)

    def _unread(self, found: Iterable[LogObject]) -> Iterator[LogObject]:
        """The objects that have to be opened; the others are counted."""
        progress = self._progress
        for batch in _batches(found):
            progress.objects_total += len(batch)
            progress.bytes_total += sum(log_object.size_bytes for log_object in batch)
            seen = self._ledger.seen([(o.name, o.size_bytes, o.version_tag) for o in batch])
            outcomes = [self._outcome_unread(o, seen.get(position)) for position, o in enumerate(batch)]
            self._epoch.expect(outcomes.count(None))
            for log_object, outcome in zip(batch, outcomes, strict=True):
                if outcome is None:
                    yield log_object
                    continue
                self._report.objects[outcome] += 1
                progress.objects_done += 1
                progress.bytes_done += log_object.size_bytes
                self._on_progress(progress)

    def _outcome_unread(self, log_object: LogObject, known: Known | None) -> Outcome | None:
        """What becomes of an object that need not be opened; None if it must be."""
        if log_object.foreign:
            self._report.notice(f"{log_object.name}: {log_object.foreign}")
            return Outcome.NOT_LOGS
        if known and known.is_gone and not self._again:
            return _outcome_of_gone(known)
        if known and known.state != INCOMPLETE and not known.is_gone:
            return Outcome.KNOWN
        if self._is_outside(log_object):
            return Outcome.OUTSIDE
        return Outcome.EXPIRED if self._is_expired(log_object) else None

    def _is_outside(self, log_object: LogObject) -> bool:
        """Whether AWS's name says that all of an object lies outside the wanted window."""
        aws = aws_name(log_object.name)
        window = self._wanted.window
        return aws is not None and (
            (window.since is not None and aws.lies_before(window.since))
            or (window.until is not None and aws.lies_after(window.until))
        )

    def _is_expired(self, log_object: LogObject) -> bool:
        """Whether AWS's name says of an unknown object that all of it is older than the store keeps."""
        aws = aws_name(log_object.name)
        horizon = self._ledger.horizon
        if self._again or aws is None or horizon is None or not aws.lies_before(horizon):
            return False
        return not self._ledger.related(log_object.name, aws, b"")

    def _stop(self, error: FlowsqlError) -> None:
        self._report.stopped_by = error
        for load in self._epoch.abandon():
            self._report.take_back(load, Outcome.DROPPED)

    def _commit(self, *, is_last: bool) -> None:
        if not is_last and not self._epoch.is_due:
            return
        lost = self._epoch.commit()
        if is_last:
            lost = [*lost, *self._epoch.settle()]
        for load in lost:
            self._report.take_back(load, Outcome.KNOWN)

    def _load_one(self, log_object: LogObject, pool: Executor, interrupts: Interrupts) -> None:
        try:
            # A name of AWS's is an identity; whatever else an object is known by is its content.
            quick = aws_name(log_object.name) is not None
            registered = partial(self._registered, log_object.name)
            reading = start_reading(
                log_object, self._log_format, registered=registered, quick=quick, buffers=self._buffers
            )
        except SourceLost:
            raise
        except NotFlowLogs as error:
            self._not_logs(log_object, error)
            return
        except SourceError as error:
            self._unreadable(log_object, error)
            return
        try:
            load = self._start(log_object, reading)
            if load is not None:
                self._read_or_drop(load, reading, pool, interrupts)
        except OSError as error:
            raise self._epoch.write_error(error) from error
        finally:
            reading.close()

    def _not_logs(self, log_object: LogObject, error: NotFlowLogs) -> None:
        self._report.objects[Outcome.NOT_LOGS] += 1
        if log_object.direct:
            self._report.problems.append(error)
        else:
            self._report.notice(f"{error.where}: {error.cause}")

    def _unreadable(self, log_object: LogObject, error: SourceError) -> None:
        """An object that gave nothing: a problem the first time, a notice from then on."""
        identity = f"path:{log_object.name}"
        if isinstance(error, Unreadable) and any(
            k.identity == identity for k in self._ledger.related(log_object.name, None, b"")
        ):
            self._report.objects[Outcome.KNOWN_BAD] += 1
            self._report.notice(f"{error.where}: still {error.cause}")
            return
        self._report.problems.append(error)
        if isinstance(error, Unreadable):
            load = self._new_load(log_object, identity, "")
            load.state, load.problem = INCOMPLETE, error.cause
            self._finish(load)
        else:
            self._report.objects[Outcome.FAILED] += 1

    def _start(self, log_object: LogObject, reading: Reading) -> Load | None:
        """A Load for the object, or None when the store has its content already, or is not to have it."""
        aws = aws_name(log_object.name)
        found = Comparison()
        related = self._ledger.related(log_object.name, aws, reading.head)
        if related:
            try:
                with open_object(log_object) as raw:
                    digest = digest_of(raw, {k.content_bytes for k in related})
            except OSError as error:
                self._unreadable(log_object, unreadable(log_object.name, error))
                return None
            found = compare(log_object, aws, digest, related)
            if found.settled and not (self._again and not aws and found.settled.name != log_object.name):
                self._already_there(log_object, found.settled, found.replaced)
                return None
            if found.gone and not self._again:
                self._gone(log_object, found.gone[0])
                return None
            if found.sounder:
                cause = f"{digest.damage}; what was loaded from {found.sounder.name} stays"
                self._unreadable(log_object, Unreadable(cause, where=log_object.name))
                return None
        load = self._new_load(log_object, aws.identity if aws else "", to_format_string(reading.fields))
        load.writers = self._writers(log_object.name, reading.log_group)
        load.flow_log_id = (aws.flow_log_id if aws else None) or load.writers.get(load.log_format)
        load.head_sha256 = head_hash(reading.head)
        load.replaces = found.replaced
        load.revives = tuple(k.load_id for k in found.gone)
        return load

    def _registered(self, name: str, log_group: str) -> list[tuple[Field, ...]]:
        """The log formats of the registered flow logs that write such an object, or to that log group."""
        flow_logs = self._ledger.flow_logs_of(name, log_group)
        return [tuple(parse_format_string(log_format)) for log_format in flow_logs.values()]

    def _writers(self, name: str, log_group: str) -> dict[str, str]:
        """Log format -> the registered flow log that alone writes records of a log group in it."""
        has_group = bool(log_group) or name.startswith("cloudwatch:")
        flow_logs = self._ledger.flow_logs_of(name, log_group) if has_group else {}
        formats = list(flow_logs.values())
        return {text: flow_log_id for flow_log_id, text in flow_logs.items() if formats.count(text) == 1}

    def _new_load(self, log_object: LogObject, identity: str, log_format: str) -> Load:
        return Load(
            load_id=self._epoch.next_load_id(),
            identity=identity,
            name=log_object.name,
            size_bytes=log_object.size_bytes,
            version_tag=log_object.version_tag,
            content_bytes=0,
            content_hash="",
            head_sha256=head_hash(b""),
            log_format=log_format,
            loaded_at=self._wanted.now,
            modified_at=log_object.modified_at,
            lags=log_object.lags,
        )

    def _already_there(self, log_object: LogObject, known: Known, replaces: tuple[int, ...]) -> None:
        if known.state == INCOMPLETE:
            self._report.objects[Outcome.KNOWN_BAD] += 1
            self._report.notice(f"{log_object.name}: known to be damaged: {known.problem}")
            return
        self._ledger.mark_replaced(replaces)
        self._epoch.saw(_sighting(log_object, known, replaces))
        if known.name == log_object.name or known.identity.startswith("aws:"):
            self._report.objects[Outcome.KNOWN] += 1
        else:
            self._report.objects[Outcome.COPY] += 1
            self._report.notice(
                f"{log_object.name}: skipped, same content as {known.name} (--again loads it all the same)"
            )

    def _gone(self, log_object: LogObject, known: Known) -> None:
        """The object is expired or forgotten, perhaps under another name, or has only grown since."""
        self._epoch.saw(_sighting(log_object, known))
        self._report.objects[_outcome_of_gone(known)] += 1

    def _read_or_drop(self, load: Load, reading: Reading, pool: Executor, interrupts: Interrupts) -> None:
        """Reads the object, or drops it when its source fails meanwhile."""
        try:
            self._read(load, reading, pool, interrupts)
        except SourceLost:
            self._epoch.drop(load)
            self._report.objects[Outcome.DROPPED] += 1
            raise

    def _read(self, load: Load, reading: Reading, pool: Executor, interrupts: Interrupts) -> None:
        """Reads the object to its end, or drops it at Ctrl-C."""
        bytes_before = self._progress.bytes_done
        milliseconds = 0
        for block in reading.parsed(pool):
            self._take(load, block)
            milliseconds += block.milliseconds
            self._progress.records += block.records
            self._progress.bytes_done = bytes_before + reading.bytes_read
            self._on_progress(self._progress)
            if interrupts.requested:
                self._epoch.drop(load)
                self._report.objects[Outcome.DROPPED] += 1
                return
        load.content_bytes, load.content_hash = reading.content_bytes, reading.content_hash
        if not load.identity:
            load.identity = self._identity(load)
        if load.name == "stdin":
            load.name = f"stdin:{load.content_hash[:16]}"
        self._close(load, reading.damage, milliseconds)

    def _take(self, load: Load, block: ParsedBlock) -> None:
        """Writes the records and rejects of a block, and counts them."""
        for fields, table in block.tables:
            if table.num_rows:
                flow_log_id = load.flow_log_id
                if load.writers:
                    flow_log_id = load.writers.get(to_format_string(fields))
                load.counts.add(self._epoch.add(table, load, flow_log_id))
        rejects = [(r.line_number, r.text, r.text_bytes, r.reason) for r in block.rejects]
        self._epoch.add_rejects(load, rejects)
        for line_number, _, _, reason in rejects:
            self._report.count_reject(reason, f"{load.name}:{line_number}")
        load.lines += block.lines
        load.rejects += len(rejects)
        load.headers += block.headers
        load.blank_lines += block.blank
        if notice := notice_of_unknown(block.fields):
            self._report.notice(f"{load.name}: {notice}")

    def _identity(self, load: Load) -> str:
        """What tells an object without an AWS name from others: its content, if it has any."""
        if not load.content_bytes:
            return f"path:{load.name}"
        return f"sha256:{load.content_hash}" + (f":{load.name}" if self._again else "")

    def _close(self, load: Load, problem: str, milliseconds: int) -> None:
        report = self._report
        if problem:
            load.state, load.problem = INCOMPLETE, problem
            report.problems.append(
                SourceError(
                    f"{problem}; what stands before that is loaded (records: {load.counts.records:,})",
                    where=load.name,
                    remedy="fetch the object again; the next load reads it again",
                )
            )
        elif self._is_old(load):
            load.state = EXPIRED
        if milliseconds:
            report.notice(f"{load.name}: {milliseconds:,} records had times in milliseconds, kept as seconds")
        if not problem and not load.counts.records and not load.rejects:
            report.notice(f"{load.name}: only a header line, no records")
        self._finish(load)

    def _is_old(self, load: Load) -> bool:
        """Whether all records of an object that is new to the store are older than it keeps."""
        horizon = self._ledger.horizon
        is_new = not (self._again or load.replaces)
        return is_new and horizon is not None and load.counts.lies_before(horizon)

    def _finish(self, load: Load) -> None:
        self._report.count(load)
        self._ledger.add(load)
        self._epoch.finish(load)


def _sighting(log_object: LogObject, known: Known, replaces: tuple[int, ...] = ()) -> Sighting:
    """That an object has a known load's content."""
    tags = (log_object.name, log_object.size_bytes, log_object.version_tag, log_object.modified_at)
    return Sighting(*tags, known.load_id, replaces)


def _batches(found: Iterable[LogObject]) -> Iterator[list[LogObject]]:
    """The objects, as many at a time as are to be looked up at once, few of those that take up space; those
    that were found before a SourceError, then it.
    """
    batch: list[LogObject] = []
    failure = None
    try:
        for log_object in found:
            batch.append(log_object)
            held = sum(o.held_bytes for o in batch) if log_object.held_bytes else 0
            if len(batch) >= (_HELD_AT_ONCE if held else _LOOKED_UP_AT_ONCE) or held >= _HELD_BYTES:
                yield batch
                batch = []
    except SourceError as error:
        failure = error
    if batch:
        yield batch
    if failure:
        raise failure


def _outcome_of_gone(known: Known) -> Outcome:
    return Outcome.EXPIRED if known.state == EXPIRED else Outcome.FORGOTTEN
