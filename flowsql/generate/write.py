"""Records -> log objects, as text or Parquet the way AWS writes them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from flowsql.errors import OutputError
from flowsql.generate.field_values import Column, Value
from flowsql.generate.relations import Leg
from flowsql.generate.traffic import LEG, Record

if TYPE_CHECKING:
    import pyarrow as pa

_GZIP_LEVEL = 6
_GZIP_WBITS = 31  # the wrapper is gzip's; zlib puts no time into it, so same text means same bytes
_ROW_GROUP_RECORDS = 125_000


class Writer(Protocol):
    """Writes log objects of one log format; `suffix` ends their names."""

    suffix: str

    def write(self, path: Path, runs: Iterable[list[Record]]) -> None:
        """Write one log object. Raises OutputError when it cannot; then no file is left behind."""


class TextWriter:
    """Writes gzip files: a header line, then a line per record."""

    suffix = ".log.gz"

    def __init__(self, columns: Sequence[Column], legs: Sequence[Leg]) -> None:
        self._header = " ".join(column.field.name for column in columns) + "\n"
        self._templates = _Templates(columns, legs)
        self._arguments = _arguments_of(columns)

    def write(self, path: Path, runs: Iterable[list[Record]]) -> None:
        """Write one log object. Raises OutputError when it cannot; then no file is left behind."""
        templates, arguments = self._templates, self._arguments
        with _whole_file(path) as file:
            gzip = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WBITS)
            file.write(gzip.compress(self._header.encode()))
            for run in runs:
                lines = [templates[record[LEG]] % arguments(record) for record in run]
                file.write(gzip.compress("".join(lines).encode()))
            file.write(gzip.flush())


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


class ParquetWriter:
    """Writes Parquet files with AWS's types, underscore names and gzip inside.

    Absent text is "-" and an absent number null, as AWS's own files have been seen to have it.
    """

    suffix = ".log.parquet"

    def __init__(self, columns: Sequence[Column], legs: Sequence[Leg]) -> None:
        import pyarrow as pa

        from flowsql.logformat.schema import arrow_type

        self._columns = columns
        self._schema = pa.schema([(c.field.column, arrow_type(c.field)) for c in columns])
        self._fixed = [[_parquet_value(column, leg) for leg in legs] for column in columns]
        self._varies = [[column.varies(leg) for leg in legs] for column in columns]

    def write(self, path: Path, runs: Iterable[list[Record]]) -> None:
        """Write one log object. Raises OutputError when it cannot; then no file is left behind."""
        import pyarrow.parquet as pq

        with (
            _whole_file(path) as file,
            pq.ParquetWriter(file, self._schema, compression="gzip") as parquet,
        ):
            records: list[Record] = []
            for run in runs:
                records += run
                if len(records) >= _ROW_GROUP_RECORDS:
                    parquet.write_table(self._table(records))
                    records = []
            if records:
                parquet.write_table(self._table(records))

    def _table(self, records: list[Record]) -> pa.Table:
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


def _parquet_value(column: Column, leg: Leg) -> Value:
    value = column.fixed(leg)
    return "-" if value is None and not column.field.is_integer else value


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only when everything is in it; a hidden one until then."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"the file could not be written: {error.strerror or error}",
            where=str(path),
            remedy="choose a folder that you may write to and that has room",
        ) from error
