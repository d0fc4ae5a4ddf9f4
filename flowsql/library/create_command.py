"""The AWS command that makes a flow log fit for saved queries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowsql.errors import UsageError
from flowsql.library.saved_query import SavedQuery
from flowsql.logformat.fields import TGW_FIELDS, VPC_FIELDS, Field
from flowsql.logformat.format_string import to_format_string

_TAG_RESOURCES = {"instance": "instance", "interface": "network-interface", "asg": "auto-scaling-group"}


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of flow log: `fields` that it may have, the columns that tell where and when a record was
    captured and whether all were, whatever is asked, and what else the command says.
    """

    name: str
    fields: tuple[Field, ...]
    always: frozenset[str]
    options: tuple[str, ...]

    def lacks(self, query: SavedQuery) -> frozenset[str]:
        """Columns that the query needs and such a flow log cannot have."""
        return needed_by(query) - {field.column for field in self.fields}


_VPC = _Kind(
    "VPC flow logs",
    VPC_FIELDS,
    frozenset({"interface_id", "start", "end", "log_status"}),
    ("--resource-type VPC --resource-ids VPC-ID", "--traffic-type ALL --max-aggregation-interval 60"),
)
# AWS refuses a traffic type here, and takes no other interval.
_TGW = _Kind(
    "transit gateway flow logs",
    TGW_FIELDS,
    frozenset({"tgw_id", "tgw_attachment_id", "start", "end", "log_status"}),
    ("--resource-type TransitGateway --resource-ids TGW-ID", "--max-aggregation-interval 60"),
)


def create_flow_logs_command(queries: Sequence[SavedQuery]) -> str:
    """`aws ec2 create-flow-logs` with the fields that the queries need and use, in AWS's order: for a VPC, or
    for a transit gateway if only its flow logs have them all.

    What only the user knows stands in capitals. Raises UsageError when no kind of flow log has all fields.
    https://docs.aws.amazon.com/cli/latest/reference/ec2/create-flow-logs.html
    """
    kind = next((kind for kind in (_VPC, _TGW) if not any(kind.lacks(query) for query in queries)), None)
    if kind is None:
        raise UsageError(
            " and ".join(_needs_more(queries, kind) for kind in (_VPC, _TGW)),
            remedy="name the queries of each kind in a command of their own",
        )
    wanted = kind.always.union(*(needed_by(query) | query.uses for query in queries))
    fields = [field for field in kind.fields if field.column in wanted]
    options = [
        *kind.options,
        "--log-destination-type s3 --log-destination arn:aws:s3:::BUCKET",
        f"--log-format '{to_format_string(fields)}'",
    ]
    if any(field.is_tag for field in fields):
        options.append(f"--tag-field-specifications {' '.join(_tag_specifications(fields))}")
    return " \\\n  ".join(["aws ec2 create-flow-logs", *options])


def needed_by(query: SavedQuery) -> frozenset[str]:
    """The columns that a query needs, with any values of its parameters."""
    return query.needs.union(*query.conditional_needs.values())


def _needs_more(queries: Sequence[SavedQuery], kind: _Kind) -> str:
    """Which query it is that such flow logs have not all the fields for."""
    query = next(query for query in queries if kind.lacks(query))
    return f"{query.name} needs {', '.join(sorted(kind.lacks(query)))}, which {kind.name} do not have"


def _tag_specifications(fields: Sequence[Field]) -> Iterator[str]:
    """The keys of tag fields, a resource type each; a field with a 2 has the second key's values."""
    columns = {field.column for field in fields if field.is_tag}
    for name, resource in sorted(_TAG_RESOURCES.items()):
        own = columns & {f"{name}_tag", f"{name}_tag_2"}
        if own:
            keys = "KEY-1,KEY-2" if f"{name}_tag_2" in own else "KEY"
            yield f"ResourceType={resource},TagKeys={keys}"
