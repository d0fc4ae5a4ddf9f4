"""Log format strings: "${srcaddr} ${bytes}" <-> a list of Fields."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flowsql.errors import LogFormatError, did_you_mean
from flowsql.logformat.fields import (
    BY_NAME,
    DEFAULT_FIELDS,
    TGW_FIELDS,
    UNKNOWN,
    VPC_FIELDS,
    Field,
    unknown_field,
)

NAMED_FORMATS: dict[str, tuple[Field, ...]] = {
    "default": DEFAULT_FIELDS,
    "tgw": TGW_FIELDS,
    "all": VPC_FIELDS,
}
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
# Terraform and shell users escape the dollar, so "$${x}" and "\${x}" arrive here too.
_TOKEN = re.compile(r"[\\$]*\$\{\s*([^{}]*?)\s*\}|([^\s,]+)")


def parse_format_string(text: str) -> list[Field]:
    """The fields that `text` names, in its order.

    Takes AWS's `${field-name}` tokens, bare names separated by blanks, underscores for hyphens,
    and the names `default`, `tgw` and `all`. A well-formed name that is not in the catalogue
    becomes a text field of family 'unknown' (AWS adds fields every year).
    Raises LogFormatError for an empty list, a name twice, or something that is no name.
    """
    named = NAMED_FORMATS.get(text.strip().lower())
    if named:
        return list(named)
    if "," in text:
        raise LogFormatError(
            "a log format has no commas",
            where=f"log format {text!r}",
            remedy="separate the fields with blanks: '${srcaddr} ${dstaddr}'",
        )
    fields = [_field(braced or bare, text) for braced, bare in _TOKEN.findall(text)]
    if not fields:
        raise LogFormatError(
            "it names no field",
            where=f"log format {text!r}",
            remedy="give at least one, for example '${srcaddr} ${dstaddr} ${action}', or 'default'",
        )
    _refuse_duplicates(fields, text)
    return fields


def to_format_string(fields: Sequence[Field]) -> str:
    """AWS's spelling of a field list: `${version} ${account-id} ...`."""
    return " ".join(f"${{{f.name}}}" for f in fields)


def field_named(name: str) -> Field:
    """The catalogue's field of that name (hyphens or underscores), or an unknown text field."""
    hyphened = name.replace("_", "-")
    return BY_NAME.get(hyphened) or unknown_field(hyphened)


def is_field_name(token: str) -> bool:
    """Whether `token` is spelled like a field name: lower case, hyphens or underscores."""
    return _NAME.fullmatch(token) is not None


def notice_of_unknown(fields: Sequence[Field]) -> str:
    """One sentence about the fields that the catalogue does not know, or ''."""
    unknown = [f.name for f in fields if f.family == UNKNOWN]
    if not unknown:
        return ""
    hints = [f"{name} ({hint})" if (hint := did_you_mean(name, BY_NAME)) else name for name in unknown]
    return f"unknown field, kept as text in the column extra: {', '.join(hints)}"


def _field(token: str, text: str) -> Field:
    name = token.lower()
    if not is_field_name(name):
        raise LogFormatError(
            f"{token!r} is no field name",
            where=f"log format {text!r}",
            remedy="field names look like srcaddr or ${log-status}; `flowsql fields` lists them",
        )
    return field_named(name)


def _refuse_duplicates(fields: Sequence[Field], text: str) -> None:
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise LogFormatError(
                f"the field {field.name} occurs twice",
                where=f"log format {text!r}",
                remedy="AWS writes a field once in a log format; remove one of the two",
            )
        seen.add(field.name)
