"""Is this line a header line, and which fields does it name?

S3 text files begin with the field names of their log format, and files that were joined have such lines in
the middle: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
"""

from __future__ import annotations

from collections.abc import Sequence

from flowsql.logformat.fields import BY_NAME, UNKNOWN, Field
from flowsql.logformat.format_string import field_named, is_field_name

# Fewer words than these, amid other lines, are a header only if they repeat the format in force: prose and
# torn lines have such, and taking one for a header would lose every record after it.
MIN_NAMES = 3


def header_fields(
    tokens: Sequence[bytes], current: Sequence[Field] = (), *, is_first: bool = False
) -> list[Field] | None:
    """The fields that a line's values name, or None when the line is no header.

    A header has distinct, well-formed field names, at least half of them known to the catalogue; amid
    lines of another format (`current`), unless it `is_first` of all, it names at least MIN_NAMES. Values
    of free-text fields (tags, service names) may look like field names: a line that fits the `current`
    fields and has such names only in free-text places is a record, unless it repeats the very names of
    `current`.
    """
    names = []
    for token in tokens:
        name = token.decode("ascii", "replace")
        if not is_field_name(name):
            return None
        names.append(name.replace("_", "-"))
    if names == [field.name for field in current]:
        return list(current)
    known = [name in BY_NAME for name in names]
    if not names or len(set(names)) < len(names) or 2 * sum(known) < len(names):
        return None
    if current and len(names) < MIN_NAMES and not is_first:
        return None
    if len(names) == len(current) and not any(
        is_known and not _is_free_text(field) for is_known, field in zip(known, current, strict=True)
    ):
        return None
    return [field_named(name) for name in names]


def _is_free_text(field: Field) -> bool:
    """Whether users, not AWS, choose the field's values."""
    return field.is_tag or field.name.startswith("ecs-") or field.family == UNKNOWN
