"""What a saved query is: its SQL, and what its header declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ONE_OF, FILE = "one of", "file"
TYPES = ("integer", "number", "text", "ip", "cidr", "port", "time", "span", "boolean", FILE, ONE_OF)
# The types whose values have an order, so that `[x..y]` means something.
RANGED_TYPES = frozenset({"integer", "number", "port", "span"})
NULL = "null"
# Bound for every query by the session, so no query declares them.
WINDOW_PARAMETERS = frozenset({"since", "until"})


class Parameter(NamedTuple):
    """One parameter of a saved query, as its header declares it.

    `type` is one of TYPES; `choices` are those of `one of`. `lowest`, `highest` and `default` are
    texts as a user would type them: '' is an open end of the range, a `default` of None means
    required, 'null' optional. `about` may be ''.
    """

    name: str
    type: str
    choices: tuple[str, ...] = ()
    lowest: str = ""
    highest: str = ""
    default: str | None = None
    about: str = ""

    @property
    def is_required(self) -> bool:
        """Whether a value must be given."""
        return self.default is None

    @property
    def is_optional(self) -> bool:
        """Whether its value may be null."""
        return self.default == NULL

    def declaration(self) -> str:
        """Its line in the header, without the description: 'top integer [1..100] = 10'."""
        parts = [self.name, self.type]
        if self.choices:
            parts.append("|".join(self.choices))
        if self.lowest or self.highest:
            parts.append(f"[{self.lowest}..{self.highest}]")
        if self.default is not None:
            parts.append(f"= {self.default}")
        return " ".join(parts)


class Alert(NamedTuple):
    """A condition on the result, as written, and the severity it has: 'warning' or 'critical'."""

    condition: str
    severity: str


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A .sql file of the library.

    `topic` is its folder below the search folder, '' at the top. `needs` and `uses` are columns of
    `records`; `conditional_needs` adds columns when a parameter has a value (typed, as bound).
    `history_s` is how far before the window it looks, in seconds, None for not at all; `absence`
    whether it concludes from what was not seen. `aliases` gives for each other name the parameters
    it sets, as text. `sql` is the statement without header and closing semicolon.
    """

    name: str
    topic: str
    path: Path
    question: str
    sql: str
    counts: str = ""
    read: str = ""
    needs: frozenset[str] = frozenset()
    conditional_needs: Mapping[tuple[str, object], frozenset[str]] = field(default_factory=dict)
    uses: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    alerts: tuple[Alert, ...] = ()
    tags: tuple[str, ...] = ()
    history_s: int | None = None
    absence: bool = False
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
