"""What the shell says beside the answers, on stderr."""

from __future__ import annotations

from typing import Protocol

from flowsql.errors import FlowsqlError


class Narration(Protocol):
    """Errors, notices and figures, as the command line says them."""

    def error(self, error: FlowsqlError) -> None:
        """An error: where and what, then how to mend it."""

    def notice(self, text: str) -> None:
        """Something the user should know."""

    def figures(self, kind: str, text: str, **figures: object) -> None:
        """A sentence of figures; as JSON the figures themselves."""
