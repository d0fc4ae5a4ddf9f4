"""An answer on its way to the user: screen, pager, file; what was shown is kept for later questions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from flowsql.output.display_width import cut
from flowsql.output.formats import Format, format_named
from flowsql.output.options import Options
from flowsql.output.visible import visible
from flowsql.output.wrapped import wrapped
from flowsql.repl.destination import Destination
from flowsql.repl.pager import paged
from flowsql.repl.screen import screen_size
from flowsql.repl.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from flowsql.query_options import QueryOptions
    from flowsql.repl.narration import Narration
    from flowsql.result import Result
    from flowsql.trust import Trust

# Of an answer so many rows are kept for `.chart`; more would only fill the memory.
_KEPT_ROWS = 10_000
_WHOLE = "\\G or .once FILE"
_EXPLAIN = ["explain_key", "explain_value"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was shown last: its first rows, whether there were more, and how far to trust them."""

    rows: pa.Table
    truncated: bool
    trust: Trust | None
    title: str


class Display:
    """Shows Results as the settings say. `destination` is where they go instead of the screen."""

    def __init__(self, settings: Settings, narration: Narration, *, terminal: bool) -> None:
        self.settings = settings
        self.destination: Destination | None = None
        self.once: Destination | None = None
        self._narration = narration
        self._terminal = terminal

    def show(self, result: Result, options: QueryOptions, *, expanded: bool = False) -> Answer:
        """Writes the result out, says below it what it counted, and gives back what is to be kept.

        Raises OutputError, and what reading the result raises.
        """
        kept: list[pa.RecordBatch] = []
        destination, self.once = self.once or self.destination, None
        bounded = replace(result, batches=self._kept(result, kept, cut=destination is None), _iterator=None)
        if destination:
            rows = destination.write(bounded, options)
            self._narration.notice(f"{rows:,} {'row' if rows == 1 else 'rows'} to {destination.target}")
        else:
            self._on_screen(bounded, options, expanded=expanded)
        if result.truncated:
            self._narration.notice(f"only the first {self.settings.max_rows:,} rows are shown (.maxrows)")
        if result.trust:
            line = result.trust.line()
            text = textwrap.fill(line, _columns(), break_on_hyphens=False) if self._terminal else line
            self._narration.figures("trust", text, **asdict(result.trust))
        import pyarrow as pa

        table = pa.Table.from_batches(kept, schema=result.schema)
        return Answer(table, result.truncated, result.trust, result.title)

    def text(self, text: str) -> None:
        """Shows text that is no result: on a screen in lines that fit it, paged."""
        shown = wrapped(text, _columns()) if self._terminal else text
        with paged(self.settings.pager if self._terminal else "") as sink:
            sink.write(f"{shown}\n".encode())

    def _kept(self, result: Result, kept: list[pa.RecordBatch], *, cut: bool) -> Iterator[pa.RecordBatch]:
        limit = self.settings.max_rows if cut else None
        seen = 0
        for whole in result:
            batch = whole
            if limit is not None and seen + whole.num_rows > limit:
                batch, result.truncated = whole.slice(0, limit - seen), True
            if seen < _KEPT_ROWS:
                kept.append(batch.slice(0, _KEPT_ROWS - seen))
            seen += batch.num_rows
            if batch.num_rows:
                yield batch
            if result.truncated:
                break

    def _on_screen(self, result: Result, options: QueryOptions, *, expanded: bool) -> None:
        look = Options(
            width=_columns() if self._terminal else None,
            timezone=options.tz.key,
            terminal=self._terminal,
            whole=_WHOLE,
        )
        with paged(self.settings.pager if self._terminal else "") as sink:
            if result.columns == _EXPLAIN:
                for batch in result:
                    for text in batch.column(1).to_pylist():
                        plan = visible(text, keep="\n").rstrip()
                        if self._terminal:
                            plan = "\n".join(cut(line, _columns()) for line in plan.split("\n"))
                        sink.write(plan.encode() + b"\n")
                return
            self._format(expanded=expanded).render(result, sink, look)

    def _format(self, *, expanded: bool) -> Format:
        if expanded or self.settings.expanded:
            return format_named("expanded")
        return format_named(self.settings.format or ("table" if self._terminal else "csv"))


def _columns() -> int:
    return screen_size().columns
