"""`.chart`: the last answer as a drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowsql.errors import UsageError, did_you_mean
from flowsql.output.text_chart import Column, bars, series, spark
from flowsql.repl.answer_commands import last_answer
from flowsql.repl.arguments import split_words
from flowsql.repl.screen import screen_size

if TYPE_CHECKING:
    import pyarrow as pa

    from flowsql.repl.shell import Shell

_KINDS = ("bars", "series", "spark")
_BATCH_WIDTH = 100


def chart(shell: Shell, text: str) -> None:
    """Draws columns of the last answer. Without a kind, rows in time are a series and others are bars."""
    answer = last_answer(shell)
    words = split_words(text)
    kind = words.pop(0) if words and words[0] in _KINDS else None
    labels, drawn = _chosen(answer.rows, words)
    width = screen_size().columns if shell.terminal else _BATCH_WIDTH
    lines = _drawn(
        kind or _fitting(answer.rows, labels), answer.rows, labels, drawn, shell.options.tz.key, width
    )
    shell.display.text("\n".join(lines))
    if answer.truncated:
        shell.narration.notice(f"drawn from the first {answer.rows.num_rows:,} rows (.maxrows)")


def _drawn(
    kind: str, rows: pa.Table, labels: str | None, drawn: Sequence[str], timezone: str, width: int
) -> list[str]:
    columns = [Column(name, _numbers(rows.column(name))) for name in drawn]
    texts = _texts(rows, labels, timezone)
    if kind == "spark":
        return spark(columns, width)
    lines: list[str] = []
    for column in columns:
        lines += [*([""] if lines else []), f"{column.name} by {labels}" if labels else column.name]
        lines += bars(texts, column, width) if kind == "bars" else series(texts, column, width)
    return lines


def _chosen(rows: pa.Table, words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The column that labels the rows, if any, and those to draw; by name as given, else the likely ones."""
    from flowsql.output.scalars import is_number

    if len(set(rows.column_names)) < rows.num_columns:
        raise UsageError("columns of one name cannot be told apart", remedy="give them names with AS")
    numeric = [
        name for name, kind in zip(rows.column_names, rows.schema.types, strict=True) if is_number(kind)
    ]
    for name in words:
        if name not in rows.column_names:
            hint = did_you_mean(name, rows.column_names)
            raise UsageError(
                f"the answer has no column {name!r}", remedy=hint or f"it has {', '.join(rows.column_names)}"
            )
    if not rows.num_rows:
        raise UsageError("the answer has no rows")
    others = [name for name in rows.column_names if name not in numeric]
    label = next((name for name in words if name in others), None) or next(iter(others), None)
    drawn = [name for name in words if name in numeric]
    if label is None and len(numeric) > 1 and not drawn:
        label = numeric[0]  # as in `dstport, records`
    elif len(drawn) > 1 and label is None:
        label = drawn.pop(0)
    drawn = drawn or [name for name in numeric if name != label][:1]
    if not drawn:
        raise UsageError("the answer has no numbers to draw")
    return label, drawn


def _fitting(rows: pa.Table, labels: str | None) -> str:
    import pyarrow as pa

    is_time = labels is not None and pa.types.is_temporal(rows.schema.field(labels).type)
    return "series" if is_time else "bars"


def _numbers(column: pa.ChunkedArray) -> list[float | None]:
    numbers = [None if value is None else float(value) for value in column.to_pylist()]
    return [number if number is None or math.isfinite(number) else None for number in numbers]


def _texts(rows: pa.Table, labels: str | None, timezone: str) -> list[str]:
    from flowsql.output.cells import cell_texts

    if labels is None:
        return [str(number) for number in range(1, rows.num_rows + 1)]
    column = rows.column(labels)
    return [text or "" for chunk in column.chunks for text in cell_texts(chunk, timezone).to_pylist()]
