"""Dot-commands about the last answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsql.errors import UsageError

if TYPE_CHECKING:
    from flowsql.repl.display import Answer
    from flowsql.repl.shell import Shell


def last_answer(shell: Shell) -> Answer:
    """The answer that was shown last. Raises UsageError if there is none."""
    if shell.last_answer is None:
        raise UsageError("there is no answer yet", remedy="run a statement or a saved query first")
    return shell.last_answer


def why(shell: Shell, text: str) -> None:
    """Says what the last answer counted, what it left out, and how complete it is."""
    answer = last_answer(shell)
    lines = [answer.title] if answer.title else []
    if shell.last_query is not None:
        query = shell.last_query
        lines += [f"counts: {query.counts}"] if query.counts else []
        lines += [f"read: {query.read}"] if query.read else []
    if answer.truncated:
        lines.append(f"only its first {answer.rows.num_rows:,} rows were shown")
    lines.append(answer.trust.why() if answer.trust else "it read no records: nothing to say about them")
    shell.display.text("\n".join(lines))
