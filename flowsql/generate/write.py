"""Records -> log objects, as text or Parquet the way AWS writes them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from flowsql.errors import OutputError
from flowsql.generate.background import Background
from flowsql.generate.field_values import Column, Value
from flowsql.generate.relations import Leg
from flowsql.generate.traffic import LEG, Record

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_GZIP_LEVEL = 6
_GZIP_WBITS = 31  # the wrapper is gzip's; zlib puts no time into it, so same text means same bytes
_BLOCK_RECORDS = 4_096
_ROW_GROUP_RECORDS = 125_000


class LogFile(Protocol):
    """A log object in the making."""

    def add(self, run: Sequence[Record]) -> None:
        """Append records."""

    def finish(self) -> None:
        """Write what is left to write; the caller closes the file."""

    def abandon(self) -> None:
        """Let go of the file, which the caller closes and deletes."""


class Format(Protocol):
    """Makes log objects of one log format; `suffix` ends their names."""

    suffix: str

    def begin(self, file: BinaryIO) -> LogFile:
        """A log object whose bytes go into `file`."""


class TextFormat:
    """gzip files: a header line, then a line per record."""

    suffix = ".log.gz"

    def __init__(self, columns: Sequence[Column], legs: Sequence[Leg], background: Background) -> None:
        self._background = background
        self._header = " ".join(column.field.name for column in columns) + "\n"
        self._templates = _Templates(columns, legs)
        self._arguments = _arguments_of(columns)

    def begin(self, file: BinaryIO) -> LogFile:
        """A log object whose bytes go into `file`."""
        return _TextFile(file, self._background, self._header, self._templates, self._arguments)


class _TextFile:
    def __init__(
        self,
        file: BinaryIO,
        background: Background,
        header: str,
        templates: _Templates,
        arguments: Callable[[Record], object],
    ) -> None:
        self._file, self._background = file, background
        self._templates, self._arguments = templates, arguments
        self._gzip = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WBITS)
        self._lines = [header]

    def add(self, run: Sequence[Record]) -> None:
        templates, arguments = self._templates, self._arguments
        self._lines += [templates[record[LEG]] % arguments(record) for record in run]
        if len(self._lines) >= _BLOCK_RECORDS:
            self._compress()

    def finish(self) -> None:
        self._compress()
        self._background.finish()
        self._file.write(self._gzip.flush())

    def abandon(self) -> None:
        self._background.abandon()

    def _compress(self) -> None:
        block, self._lines = "".join(self._lines).encode(), []
        self._background.do(lambda: self._append(block))

    def _append(self, block: bytes) -> None:
        self._file.write(self._gzip.compress(block))


class _Templates(dict[int, str]):
    """By the number of a leg, its line with a place for each value that varies in some leg.

    Where such a value is fixed for this leg, "%.0s" takes the argument and prints nothing of it:
    so all legs take the same arguments.
    """

    def __init__(self, columns: Sequence[Column], legs: Sequence[Leg]) -> None:
        super().__init__()
        self._columns, self._legs = columns, legs

    def __missing__(self, number: int) -> str:
        leg = self._legs[number]
        self[number] = line = " ".join(_cell(column, leg) for column in self._columns) + "\n"
        return line


def _cell(column: Column, leg: Leg) -> str:
    if column.varies(leg):
        return "%s"
    value = column.fixed(leg)
    text = "-" if value is None else str(value).replace("%", "%%")
    return text if column.place is None else text + "%.0s"


def _arguments_of(columns: Sequence[Column]) -> Callable[[Record], object]:
    """What fills a record's template: its values at the places of `columns`."""
    places = [column.place for column in columns if column.place is not None]
    # For a single place itemgetter gives the bare value, which "%" takes as well.
    return itemgetter(*places) if places else lambda record: ()


class ParquetFormat:
    """Parquet files with AWS's types, underscore names and gzip inside.

    Absent text is "-" and an absent number null, as AWS's own files have been seen to have it.
    """

    suffix = ".log.parquet"

    def __init__(self, columns: Sequence[Column], legs: Sequence[Leg], background: Background) -> None:
        import pyarrow as pa

        from flowsql.logformat.schema import arrow_type

        self._columns, self._background = columns, background
        self._schema = pa.schema([(c.field.column, arrow_type(c.field)) for c in columns])
        self._fixed = [[_parquet_value(column, leg) for leg in legs] for column in columns]
        self._varies = [[column.varies(leg) for leg in legs] for column in columns]

    def begin(self, file: BinaryIO) -> LogFile:
        """A log object whose bytes go into `file`."""
        return _ParquetFile(file, self._background, self._schema, self._table)

    def _table(self, records: Sequence[Record]) -> pa.Table:
        import pyarrow as pa

        legs = pa.array([record[LEG] for record in records])
        arrays = []
        for column, fixed, varies, of in zip(
            self._columns, self._fixed, self._varies, self._schema, strict=True
        ):
            if (place := column.place) is None:
                arrays.append(pa.array(fixed, of.type).take(legs))
            else:
                values = [r[place] if varies[r[LEG]] else fixed[r[LEG]] for r in records]
                arrays.append(pa.array(values, of.type))
        return pa.Table.from_arrays(arrays, schema=self._schema)


class _ParquetFile:
    def __init__(
        self,
        file: BinaryIO,
        background: Background,
        schema: pa.Schema,
        table_of: Callable[[Sequence[Record]], pa.Table],
    ) -> None:
        import pyarrow.parquet as pq

        self._background = background
        self._parquet = pq.ParquetWriter(file, schema, compression="gzip")
        self._table_of = table_of
        self._records: list[Record] = []

    def add(self, run: Sequence[Record]) -> None:
        self._records += run
        if len(self._records) >= _ROW_GROUP_RECORDS:
            self._write()

    def finish(self) -> None:
        if self._records:
            self._write()
        self._background.finish()
        self._parquet.close()

    def abandon(self) -> None:
        self._background.abandon()
        let_go(self._parquet)

    def _write(self) -> None:
        table, self._records = self._table_of(self._records), []
        self._background.do(lambda: self._parquet.write_table(table))


def _parquet_value(column: Column, leg: Leg) -> Value:
    value = column.fixed(leg)
    return "-" if value is None and not column.field.is_integer else value


def let_go(writer: pq.ParquetWriter) -> None:
    """Closes a Parquet writer while it has a file; what that cannot hold any more is not missed."""
    import pyarrow as pa

    try:
        writer.close()
    except (OSError, pa.ArrowException):
        # Else it tries again when it is collected, and complains where nobody can help it.
        writer.is_open = False


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only when everything is in it; a hidden one until then.

    Raises OutputError when it cannot be written; then no file is left behind.
    """
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the system says into an OutputError about the file."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"the file could not be written: {error.strerror or error}",
            where=str(path),
            remedy="choose a folder that you may write to and that has room",
        ) from error
