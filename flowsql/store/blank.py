"""The catalogue of a store that is empty: the same for every store, and with its views half a second's work.

A process makes it once, so that all its stores but the first are quick to make.
"""

from __future__ import annotations

from pathlib import Path

from flowsql.store.catalog import ViewStatements, create_tables, open_draft

_made: dict[ViewStatements, bytes] = {}


def is_made(view_statements: ViewStatements) -> bool:
    """Whether this process has made a catalogue with these views already."""
    return view_statements in _made


def make_blank(draft: Path, view_statements: ViewStatements) -> None:
    """Writes an empty catalogue to the file `draft`, with its views, of no store yet and without seal."""
    if is_made(view_statements):
        draft.write_bytes(_made[view_statements])
        return
    con = open_draft(draft)
    create_tables(con)
    statements = view_statements(con)
    con.execute("begin")
    for statement in statements:
        con.execute(statement)
    con.execute("commit")
    con.execute("checkpoint draft")
    con.close()
    _made[view_statements] = draft.read_bytes()
