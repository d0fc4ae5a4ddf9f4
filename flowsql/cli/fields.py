"""`flowsql fields`: the field glossary."""

from __future__ import annotations

from typing import Annotated

import typer

from flowsql.cli.page import show
from flowsql.errors import UsageError, did_you_mean
from flowsql.logformat.fields import BY_NAME, CATALOGUE, TGW, VPC, Field, find

_FAMILIES = {VPC: "VPC", TGW: "transit gateway"}


def fields(
    name: Annotated[
        str | None, typer.Argument(help="A field, with hyphens or underscores.", show_default=False)
    ] = None,
) -> int:
    """What each field of a flow log means: version, type, meaning, traps."""
    if name is None:
        for family, title in _FAMILIES.items():
            members = [field for field in CATALOGUE if field.family == family]
            show(f"{title} fields ({len(members)})\n")
            show("\n".join(_line(field) for field in members) + "\n")
        return 0
    found = find(name)
    if not found:
        raise UsageError(
            f"unknown field {name!r}",
            remedy=did_you_mean(name.replace("_", "-"), BY_NAME) or "`flowsql fields` lists them",
        )
    show("\n\n".join(_explained(field) for field in found))
    return 0


def _line(field: Field) -> str:
    return f"  {field.name:<27} v{field.version:<3} {field.type:<7} {field.about}"


def _explained(field: Field) -> str:
    facts = [
        ("field", f"{field.name}  (log format: ${{{field.name}}})"),
        (
            "column",
            f'{field.column}  (a reserved word: write "{field.column}")'
            if field.column == "end"
            else field.column,
        ),
        ("family", _FAMILIES[field.family]),
        ("version", str(field.version)),
        ("type", field.type + (f", {field.unit}" if field.unit else "")),
        ("absent (-)", "possible, becomes null" if field.dash else "never"),
        ("about", field.about),
    ]
    return "\n".join(f"{label:<12}{text}" for label, text in facts)
