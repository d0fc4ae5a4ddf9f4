"""`.watch`: the last question again and again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from flowsql.errors import UsageError
from flowsql.interrupts import Interrupts
from flowsql.repl.arguments import split_words, take_flag
from flowsql.window import format_time, parse_span

if TYPE_CHECKING:
    import pyarrow as pa

    from flowsql.repl.shell import Shell
    from flowsql.result import Result

_EVERY_S = 10
# How often a sleeping watch looks whether Ctrl-C was pressed.
_BLINK_S = 0.1


def watch(shell: Shell, text: str) -> None:
    """Looks at the store and asks the last question anew every span, until Ctrl-C or `--times`.

    With `--diff` only rows that the look before did not have are shown, each as often as it is new.
    """
    words, diff = take_flag(split_words(text), "--diff")
    times = _times(words)
    every_s = parse_span(words.pop(0)) if words else _EVERY_S
    if words or every_s < 1:
        raise UsageError("wants one span of at least 1s, for example 30s")
    if not shell.can_repeat:
        raise UsageError("there is no statement to repeat yet")
    pager, shell.settings.pager = shell.settings.pager, ""  # nobody could page while it goes on
    shell.each_result = _Differences().of if diff else None
    try:
        _look_again(shell, every_s, times)
    finally:
        shell.settings.pager, shell.each_result = pager, None


def _look_again(shell: Shell, every_s: int, times: int | None) -> None:
    looked = 0
    with Interrupts() as interrupts:
        while not interrupts.requested:
            began = time.monotonic()
            if looked:
                shell.look()
            shell.narration.notice(f"── {format_time(int(time.time()), shell.options.tz)} ──")
            shell.repeat()
            looked += 1
            if looked == times:
                break
            while not interrupts.requested and time.monotonic() - began < every_s:
                time.sleep(_BLINK_S)


def _times(words: list[str]) -> int | None:
    if "--times" not in words:
        return None
    at = words.index("--times")
    if at + 1 >= len(words) or not words[at + 1].isdigit() or words[at + 1] == "0":
        raise UsageError("--times wants a number of looks")
    count = int(words[at + 1])
    del words[at : at + 2]
    return count


class _Differences:
    """Leaves of each result the rows that the result before did not have."""

    def __init__(self) -> None:
        self._before: Counter[tuple[Any, ...]] = Counter()
        self._is_first = True

    def of(self, result: Result) -> Result | None:
        """The result with the new rows only, all of them the first time; None if nothing is new."""
        is_first, self._is_first = self._is_first, False
        batches = self._new(result)
        first = next(batches, None)
        if first is None and not is_first:
            return None
        found = chain([] if first is None else [first], batches)
        return replace(result, batches=found, _iterator=None)

    def _new(self, result: Result) -> Iterator[pa.RecordBatch]:
        now: Counter[tuple[Any, ...]] = Counter()
        for batch in result:
            rows = list(zip(*(map(_hashable, column.to_pylist()) for column in batch.columns), strict=True))
            fresh = []
            for number, row in enumerate(rows):
                now[row] += 1
                if now[row] > self._before[row]:
                    fresh.append(number)
            if fresh:
                yield batch.take(fresh)
        self._before = now


def _hashable(value: object) -> object:
    return value if isinstance(value, str | int | float | bytes | None) else repr(value)
