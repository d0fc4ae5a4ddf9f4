"""Sharing the width of a terminal between the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def share_width(natural: Sequence[int], least: Sequence[int], total: int, gap: int) -> list[int]:
    """A width for each column that fits into `total`, with `gap` between neighbours.

    `natural` is what each column would like, `least` what it needs to be worth showing. Short
    columns keep their width, wide ones give way; columns at the right for which not even the least
    is left get none, so the list may be shorter. The first column always gets one.
    """
    needed = list(accumulate(width + gap for width in least))
    shown = max(1, sum(width - gap <= total for width in needed))
    natural, least = natural[:shown], least[:shown]
    room = total - gap * (shown - 1)
    if shown == 1:
        return [min(width, room) for width in natural]
    widths = _capped(natural, least, room)
    spare = room - sum(widths)
    for index, width in enumerate(natural):
        if spare > 0 and widths[index] < width:
            widths[index] += 1
            spare -= 1
    return widths


def _capped(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Each column at its natural width or the highest common cap that fits, never below its least."""
    for cap in range(room, 0, -1):
        widths = [max(low, min(wish, cap)) for wish, low in zip(natural, least, strict=True)]
        if sum(widths) <= room:
            return widths
    return list(least)
