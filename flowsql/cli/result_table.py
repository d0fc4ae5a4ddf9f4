"""Results that no query gave, under the same output options as those of queries."""

from __future__ import annotations

from collections.abc import Sequence

from flowsql.cli.answer import answer
from flowsql.cli.narrator import Narrator
from flowsql.cli.options import OutputOptions
from flowsql.query_options import QueryOptions
from flowsql.result import Result


def show_rows(
    columns: Sequence[str], rows: Sequence[tuple[str, ...]], output: OutputOptions, narrator: Narrator
) -> None:
    """Shows rows of text. Raises OutputError."""
    import pyarrow as pa

    arrays = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(columns))]
    table = pa.table(arrays, names=list(columns))
    show(Result(table.schema, table.to_batches()), output, narrator)


def show(result: Result, output: OutputOptions, narrator: Narrator) -> None:
    """Shows a result, at most --max-rows of it. Raises OutputError."""
    table = result.read_all()
    shown = table if output.max_rows is None else table.slice(0, output.max_rows)
    cut = Result(shown.schema, shown.to_batches(), truncated=shown.num_rows < table.num_rows)
    answer([cut], output, QueryOptions.parse(max_rows=output.max_rows), narrator)
