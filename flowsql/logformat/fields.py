"""The field catalogue: what AWS can put into a flow log record, read from fields.csv.

VPC fields: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
Transit gateway fields: https://docs.aws.amazon.com/vpc/latest/tgw/tgw-flow-logs.html
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

VPC, TGW, UNKNOWN = "vpc", "tgw", "unknown"


class Field(NamedTuple):
    """One field of a log format.

    `name` is AWS's spelling with hyphens, `column` the same with underscores; `version` the record
    version that introduced it; `type` one of int32, int64, string; `dash` whether AWS documents or
    implies that `-` (absent) can stand for it.
    """

    name: str
    column: str
    family: str
    version: int
    type: str
    unit: str
    dash: bool
    about: str

    @property
    def is_integer(self) -> bool:
        """Whether its values are integers (int32 or int64)."""
        return self.type != "string"

    @property
    def is_tag(self) -> bool:
        """Whether its values are tag values, which AWS percent-encodes."""
        return self.unit == "tag value"


def _read_catalogue() -> tuple[Field, ...]:
    text = Path(__file__).with_name("fields.csv").read_text(encoding="utf-8")
    return tuple(
        Field(
            name=row["name"],
            column=row["column"],
            family=row["family"],
            version=int(row["version"]),
            type=row["type"],
            unit=row["unit"],
            dash=row["dash"] == "yes",
            about=row["about"],
        )
        for row in csv.DictReader(text.splitlines())
    )


# Every field of every family, in AWS's documented order: 54 VPC fields, then 36 transit gateway fields.
CATALOGUE: tuple[Field, ...] = _read_catalogue()
VPC_FIELDS: tuple[Field, ...] = tuple(f for f in CATALOGUE if f.family == VPC)
TGW_FIELDS: tuple[Field, ...] = tuple(f for f in CATALOGUE if f.family == TGW)
# The 14 version-2 fields: what AWS writes when a flow log is created without a log format.
DEFAULT_FIELDS: tuple[Field, ...] = VPC_FIELDS[:14]

# One Field a name; where both families have it, the VPC one (column and type are the same).
BY_NAME: dict[str, Field] = {f.name: f for f in reversed(CATALOGUE)}
# The 72 distinct fields in the order of the columns of `records`.
DISTINCT_FIELDS: tuple[Field, ...] = VPC_FIELDS + tuple(
    f for f in TGW_FIELDS if BY_NAME[f.name].family == TGW
)


def unknown_field(name: str) -> Field:
    """The Field of a name that is not in the catalogue: text, kept in the column `extra`."""
    return Field(
        name=name,
        column=name.replace("-", "_"),
        family=UNKNOWN,
        version=0,
        type="string",
        unit="",
        dash=True,
        about="Not in flowsql's catalogue; its values are kept as text in the column extra.",
    )


def find(name: str) -> list[Field]:
    """The catalogue's fields of that name, hyphens or underscores, one a family; [] if unknown."""
    wanted = name.strip().removeprefix("${").removesuffix("}").lower().replace("_", "-")
    return [f for f in CATALOGUE if f.name == wanted]
