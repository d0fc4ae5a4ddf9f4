"""Options that several commands share, declared once as a dataclass and taken as one argument."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any


def takes(**groups: type[Any]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Gives a command the options that the dataclasses declare; it receives an instance of each.

    `@takes(output=OutputOptions)` on `def run(query: str, output: OutputOptions)` makes every
    field of OutputOptions an option of `run`. The fields are annotated as typer wants its parameters.
    """

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = [
            p.replace(annotation=typing.get_type_hints(command, include_extras=True)[p.name])
            for p in inspect.signature(command).parameters.values()
            if p.name not in groups
        ]
        shared = [p for group in groups.values() for p in _parameters_of(group)]

        @functools.wraps(command)
        def wrapper(**values: Any) -> int:
            given = {
                name: group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)})
                for name, group in groups.items()
            }
            return command(**values, **given)

        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *shared]]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapper

    return decorate


def _parameters_of(group: type[Any]) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            f.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if f.default is dataclasses.MISSING else f.default,
            annotation=hints[f.name],
        )
        for f in dataclasses.fields(group)
    ]
