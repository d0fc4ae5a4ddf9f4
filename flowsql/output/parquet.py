"""Results as one Parquet file."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from flowsql.errors import OutputError
from flowsql.output.cells import cell_texts
from flowsql.output.column_names import unique_names
from flowsql.output.options import Options
from flowsql.output.slices import row_groups
from flowsql.result import Result

# As large as DuckDB's own: small enough to hold, large enough to compress and skip.
_ROW_GROUP_ROWS = 122_880


def render(result: Result, sink: BinaryIO, options: Options) -> int:
    """Write the rows with their types, zstd-compressed; the number of rows written.

    A column name that repeats becomes name_2. Intervals, which no other engine reads, become text.
    Raises OutputError for a type that Parquet does not have.
    """
    schema = _stored_schema(result.schema)
    rows = 0
    try:
        with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
            for group in row_groups(result, _ROW_GROUP_ROWS):
                batches = [_stored(batch, schema, options) for batch in group]
                table = pa.Table.from_batches(batches, schema=schema)
                writer.write_table(table, row_group_size=2 * _ROW_GROUP_ROWS)
                rows += table.num_rows
    except pa.ArrowNotImplementedError as error:
        raise OutputError(
            f"Parquet cannot hold a column of this result: {error}",
            remedy="cast the column to text in the SQL, or write csv or json",
        ) from error
    return rows


def _stored_schema(schema: pa.Schema) -> pa.Schema:
    names = unique_names(schema.names)
    kinds = [pa.string() if pa.types.is_interval(kind) else kind for kind in schema.types]
    return pa.schema(list(zip(names, kinds, strict=True)))


def _stored(batch: pa.RecordBatch, schema: pa.Schema, options: Options) -> pa.RecordBatch:
    columns = [
        cell_texts(column, options.timezone) if pa.types.is_interval(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
