"""Colours of what is typed, by the engine's own tokenizer, and of what surrounds it."""

from __future__ import annotations

import os
from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import BaseStyle, DummyStyle, Style

from flowsql.repl.inputs import is_command, tokens_of

_CLASSES = {
    "keyword": "class:sql.keyword",
    "string_const": "class:sql.text",
    "numeric_const": "class:sql.number",
    "comment": "class:sql.comment",
    "operator": "class:sql.operator",
}
# Colours of the terminal's own palette: readable on light and dark ground.
_STYLE = {
    "sql.keyword": "ansiblue bold",
    "sql.text": "ansigreen",
    "sql.number": "ansicyan",
    "sql.comment": "ansibrightblack italic",
    "sql.operator": "",
    "command": "ansimagenta bold",
    "prompt": "bold",
    "prompt.more": "ansibrightblack",
    "auto-suggestion": "ansibrightblack",
    "bottom-toolbar": "noreverse bg:ansibrightblack ansiwhite",
    "bottom-toolbar.warning": "bold",
    "completion-menu.completion": "bg:ansibrightblack ansiwhite",
    "completion-menu.completion.current": "bg:ansiblue ansiwhite bold noreverse",
    "completion-menu.meta.completion": "bg:ansibrightblack ansigray",
    "completion-menu.meta.completion.current": "bg:ansiblue ansiwhite noreverse",
}
# Without colours the parts of the screen still differ.
_PLAIN = {
    "bottom-toolbar": "reverse",
    "completion-menu.completion": "noreverse",
    "completion-menu.completion.current": "reverse",
    "completion-menu.meta.completion": "noreverse",
    "completion-menu.meta.completion.current": "reverse",
    "auto-suggestion": "italic",
}


def has_colours() -> bool:
    """Whether colours are wanted: https://no-color.org, and a terminal that has any."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style() -> BaseStyle:
    """The style of prompt, menu and toolbar."""
    if os.environ.get("TERM") == "dumb":
        return DummyStyle()
    return Style.from_dict(_STYLE if has_colours() else _PLAIN)


class SqlLexer(Lexer):
    """Colours SQL and dot-commands."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """A function that gives the styled pieces of a line."""
        lines = _styled_lines(document.text)
        return lambda number: lines[number] if number < len(lines) else []


def _styled_lines(text: str) -> list[StyleAndTextTuples]:
    lines: list[StyleAndTextTuples] = [[]]
    for style, piece in _pieces(text):
        for number, part in enumerate(piece.split("\n")):
            if number:
                lines.append([])
            lines[-1].append((style, part))
    return lines


def _pieces(text: str) -> list[tuple[str, str]]:
    if is_command(text):
        name, blank, rest = text.partition(" ")
        return [("class:command", name), ("", blank + rest)]
    pieces, position = [], 0
    for token in tokens_of(text):
        pieces.append(("", text[position : token.start]))
        pieces.append((_CLASSES.get(token.kind, ""), token.text))
        position = token.end
    return [*pieces, ("", text[position:])]
