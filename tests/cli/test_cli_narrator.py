"""What stands on stderr fits the terminal, and carets stay below the words they point at."""

from __future__ import annotations

import pytest

from flowsql.cli import narrator
from flowsql.cli.narrator import Narrator
from flowsql.errors import QueryError

LINE = "LINE 1: ..., dstaddr, srcport, dstport, protocol, packets, bytes, action, nosuch, tcp_flags from flows..."


@pytest.mark.parametrize("columns", [0, 24, 40, 60, 90, 104, 200])
@pytest.mark.parametrize("word", ["dstaddr", "bytes", "nosuch", "flows"])
def test_carets_stay_below_their_word(
    columns: int, word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrator, "_columns", lambda: columns)
    carets = " " * LINE.index(word) + "^" * len(word)
    Narrator().error(QueryError(f"no such column\n{LINE}\n{carets}"))
    said = capsys.readouterr().err.splitlines()
    (place,) = [i for i, line in enumerate(said) if line.strip("^ ") == ""]
    start, end = said[place].index("^"), len(said[place])
    assert said[place - 1][start:end] == word
    assert said[place - 1].startswith("LINE 1: ")
    assert not columns or max(map(len, said)) <= columns
