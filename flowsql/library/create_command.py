"""The AWS command that makes a flow log fit for saved queries."""

from __future__ import annotations

from collections.abc import Sequence

from flowsql.errors import UsageError
from flowsql.library.saved_query import SavedQuery
from flowsql.logformat.fields import VPC_FIELDS
from flowsql.logformat.format_string import to_format_string

# What tells where and when a record was captured, and whether all were, whatever is asked.
_ALWAYS = frozenset({"interface_id", "start", "end", "log_status"})
_TAG_RESOURCES = {"instance": "instance", "interface": "network-interface", "asg": "auto-scaling-group"}


def create_flow_logs_command(queries: Sequence[SavedQuery]) -> str:
    """`aws ec2 create-flow-logs` with the fields that the queries need and use, in AWS's order.

    What only the user knows stands in capitals. Raises UsageError when a query needs fields of transit
    gateway flow logs, which a VPC flow log cannot have.
    https://docs.aws.amazon.com/cli/latest/reference/ec2/create-flow-logs.html
    """
    wanted = set(_ALWAYS)
    for query in queries:
        needed = query.needs.union(*query.conditional_needs.values())
        foreign = needed - {field.column for field in VPC_FIELDS}
        if foreign:
            raise UsageError(
                f"needs {', '.join(sorted(foreign))}, which VPC flow logs do not have",
                where=query.name,
                remedy="transit gateway flow logs have all their fields by default",
            )
        wanted |= needed | query.uses
    fields = [field for field in VPC_FIELDS if field.column in wanted]
    options = [
        "--resource-type VPC --resource-ids VPC-ID",
        "--traffic-type ALL --max-aggregation-interval 60",
        "--log-destination-type s3 --log-destination arn:aws:s3:::BUCKET",
        f"--log-format '{to_format_string(fields)}'",
    ]
    resources = {field.column.partition("_")[0] for field in fields if field.is_tag}
    if resources:
        specifications = [f"ResourceType={_TAG_RESOURCES[name]},TagKeys=KEY" for name in sorted(resources)]
        options.append(f"--tag-field-specifications {' '.join(specifications)}")
    return " \\\n  ".join(["aws ec2 create-flow-logs", *options])
