"""The words behind a dot-command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from flowsql.errors import UsageError, did_you_mean

_TRUTH = {
    "on": True,
    "yes": True,
    "1": True,
    "true": True,
    "off": False,
    "no": False,
    "0": False,
    "false": False,
}


def split_words(text: str) -> list[str]:
    """The words of `text`, quoted as in a shell. Raises UsageError for an open quote."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text!r}: {str(error).lower()}") from error


def only_word(text: str, what: str) -> str:
    """The one word that must be there. Raises UsageError, naming `what` it should be."""
    words = split_words(text)
    if len(words) != 1:
        raise UsageError(f"wants one {what}" if words else f"which {what}?")
    return words[0]


def take_flag(words: Sequence[str], flag: str) -> tuple[list[str], bool]:
    """The words without `flag`, and whether it was among them."""
    return [word for word in words if word != flag], flag in words


def switched(text: str, current: bool) -> bool:
    """What `on` or `off` says; without a word the opposite of `current`. Raises UsageError."""
    word = text.strip().lower()
    if not word:
        return not current
    if word not in _TRUTH:
        raise UsageError(f"{word!r} is neither on nor off")
    return _TRUTH[word]


def parse_assignments(words: Sequence[str]) -> dict[str, str]:
    """name=value words as a mapping. Raises UsageError for another word, and a name given twice."""
    texts: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(
                f"{word!r} is no parameter", remedy="parameters are name=value, for example top=20"
            )
        if name in texts:
            raise UsageError(f"{name} is given twice")
        texts[name] = value
    return texts


def parse_options(words: Sequence[str], known: Sequence[str]) -> dict[str, list[str]]:
    """Options as `name=value`, `--name=value` or `--name value` -> the values of each, which may repeat.

    Raises UsageError for a name that is not `known` and for one without a value.
    """
    found: dict[str, list[str]] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if name not in known:
            hint = did_you_mean(name, known)
            raise UsageError(
                f"unknown name {name!r}", remedy=hint or f"one of {', '.join(known)}, as name=value"
            )
        if not equals:
            if not rest:
                raise UsageError(f"{name} has no value", remedy=f"write {name}=VALUE")
            value = rest.pop(0)
        found.setdefault(name, []).append(value)
    return found
