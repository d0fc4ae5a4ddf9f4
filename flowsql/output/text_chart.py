"""Results as charts of block characters: bars, a time series, sparklines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flowsql.output.display_width import cut, display_width
from flowsql.output.visible import visible

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_SERIES_HEIGHT = 8
_LEAST_BAR = 8
# Labels take at most this share of the width.
_LABEL_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers to draw, None where there is none, and what they are called."""

    name: str
    numbers: Sequence[float | None]


def bars(labels: Sequence[str], column: Column, width: int) -> list[str]:
    """A line a label: label, number, bar. A negative number has a minus sign and a bar of its size."""
    figures = [_figure(number) for number in column.numbers]
    figure_width = max(map(len, figures), default=1)
    shown = [visible(label) for label in labels]
    label_width = min(max(map(display_width, shown), default=0), int(width * _LABEL_SHARE))
    room = max(width - label_width - figure_width - 4, _LEAST_BAR)
    most = max((abs(number) for number in column.numbers if number is not None), default=0)
    lines = []
    for label, number, figure in zip(shown, column.numbers, figures, strict=True):
        name = cut(label, max(label_width, 1))
        padding = " " * (label_width - display_width(name))
        bar = _bar(abs(number) / most, room) if number else ""
        lines.append(f"{name}{padding} │{figure:>{figure_width}} {bar}".rstrip())
    return lines


def _bar(share: float, room: int) -> str:
    """The bar of a number that is not nothing, which is to be seen however small its share."""
    full, rest = divmod(max(round(share * room * 8), 1), 8)
    return "█" * full + _EIGHTHS[rest].strip()


def series(labels: Sequence[str], column: Column, width: int) -> list[str]:
    """Columns side by side in the order of the rows, eight lines high, between the figures of its scale.

    Rows that share a column of the screen are shown by the highest of them, so that no peak is lost.
    """
    numbers = [number or 0 for number in column.numbers]
    top, figure_width = max([*numbers, 0]), max(len(_figure(max([*numbers, 0]))), 1)
    room = max(width - figure_width - 3, 1)
    peaks = _peaks(numbers, room)
    eighths = [round(max(peak, 0) / top * _SERIES_HEIGHT * 8) if top else 0 for peak in peaks]
    lines = []
    for level in range(_SERIES_HEIGHT - 1, -1, -1):
        figure = _figure(top) if level == _SERIES_HEIGHT - 1 else "0" if level == 0 else ""
        cells = "".join(_HEIGHTS[min(max(eighth - level * 8, 0), 8)] for eighth in eighths)
        lines.append(f"{figure:>{figure_width}} ┤{cells}".rstrip())
    if labels:
        lines.append(" " * (figure_width + 2) + _ends(visible(labels[0]), visible(labels[-1]), len(peaks)))
    return lines


def spark(columns: Sequence[Column], width: int) -> list[str]:
    """A line a column: its name, its numbers as heights, its least and greatest."""
    ends = [_span(column) for column in columns]
    widest = max((display_width(visible(column.name)) for column in columns), default=0)
    name_width = min(widest, int(width * _LABEL_SHARE))
    room = max(width - name_width - max(map(len, ends), default=0) - 2, 1)
    lines = []
    for column, end in zip(columns, ends, strict=True):
        name = cut(visible(column.name), max(name_width, 1))
        padding = " " * (name_width - display_width(name))
        peaks = _peaks([number or 0 for number in column.numbers], room)
        low, span = min([*peaks, 0]), max([*peaks, 0]) - min([*peaks, 0])
        heights = "".join(_HEIGHTS[1 + round((peak - low) / span * 7) if span else 1] for peak in peaks)
        lines.append(f"{name}{padding} {heights} {end}")
    return lines


def _span(column: Column) -> str:
    numbers = [number for number in column.numbers if number is not None]
    return f"{_figure(min(numbers))} to {_figure(max(numbers))}" if numbers else "no number"


def _peaks(numbers: Sequence[float], room: int) -> list[float]:
    """The numbers, or the greatest of each of `room` equal parts where they are more."""
    if len(numbers) <= room:
        # Few numbers get several columns of the screen each.
        return [number for number in numbers for _ in range(max(room // max(len(numbers), 1), 1))]
    bounds = [index * len(numbers) // room for index in range(room + 1)]
    return [max(numbers[low:high]) for low, high in pairwise(bounds)]


def _ends(first: str, last: str, width: int) -> str:
    gap = width - display_width(first) - display_width(last)
    return f"{first}{' ' * gap}{last}" if gap > 0 else cut(first, max(width, 1))


def _figure(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"
