"""DescribeFlowLogs, as JSON or from AWS -> FlowLogs.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowsql.errors import SourceError
from flowsql.logformat.fields import DEFAULT_FIELDS, TGW_FIELDS
from flowsql.logformat.format_string import parse_format_string, to_format_string
from flowsql.sources.aws import AwsAccess
from flowsql.sources.aws_errors import explained
from flowsql.store.flow_logs import FlowLog

_REMEDY = "`aws ec2 describe-flow-logs > flow-logs.json` writes what is wanted"
# TagFieldSpecifications' ResourceType -> the column of its first key; that of the second has `_2` behind it.
_TAG_COLUMNS = {
    "instance": "instance_tag",
    "network-interface": "interface_tag",
    "auto-scaling-group": "asg_tag",
}


def read_flow_logs(path: Path) -> list[FlowLog]:
    """The flow logs in a file (`-` is stdin) of what `aws ec2 describe-flow-logs` printed, once or for
    several regions. Raises SourceError for any other file.
    """
    where = "stdin" if str(path) == "-" else str(path)
    try:
        content = sys.stdin.buffer.read() if where == "stdin" else path.read_bytes()
        answers = list(_documents(content.decode("utf-8-sig")))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", where=where) from error
    except ValueError as error:
        raise SourceError(f"not JSON: {error}", where=where, remedy=_REMEDY) from error
    items = [item for answer in answers for item in _items(answer, where)]
    return [_flow_log(item, f"{where}: FlowLogs[{i}]") for i, item in enumerate(items)]


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents in a text, at least one. Raises ValueError."""
    rest = text.strip()
    while True:
        document, end = json.JSONDecoder().raw_decode(rest)
        yield document
        rest = rest[end:].lstrip()
        if not rest:
            return


def _items(answer: Any, where: str) -> list[Any]:
    """The flow logs in an answer, also if they were picked out of it with `--query FlowLogs`."""
    found = answer.get("FlowLogs") if isinstance(answer, dict) else answer
    if not isinstance(found, list) or (found is answer and not found):
        raise SourceError('has no list "FlowLogs"', where=where, remedy=_REMEDY)
    return found


def fetch_flow_logs(access: AwsAccess) -> list[FlowLog]:
    """The flow logs of the account and region that `access` reaches. Raises SourceError, UsageError."""
    return list(_fetched(access))


def _fetched(access: AwsAccess) -> Iterator[FlowLog]:
    where = "describe-flow-logs"
    client = access.client("ec2", where)
    try:
        for page in client.get_paginator("describe_flow_logs").paginate():
            for item in page["FlowLogs"]:
                yield _flow_log(item, item.get("FlowLogId", where))
    except Exception as error:
        if isinstance(error, SourceError):
            raise
        raise explained(error, where) from error


def _flow_log(item: Any, where: str) -> FlowLog:
    """One flow log of AWS's answer. Raises SourceError if it is none."""
    if not isinstance(item, dict) or not isinstance(item.get("FlowLogId"), str):
        raise SourceError("has no FlowLogId", where=where, remedy=_REMEDY)
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
    kind = item.get("LogDestinationType") or "cloud-watch-logs"
    return FlowLog(
        flow_log_id=item["FlowLogId"],
        log_format=_log_format(item),
        destination_type=kind,
        name=tags.get("Name") or None,
        log_resource_id=item.get("ResourceId"),
        traffic_type=item.get("TrafficType"),
        destination=item.get("LogDestination"),
        log_group=_log_group(item) if kind == "cloud-watch-logs" else None,
        interval_s=item.get("MaxAggregationInterval"),
        created_at=_unix_seconds(item.get("CreationTime"), where),
        status=item.get("FlowLogStatus"),
        file_format=item.get("DestinationOptions", {}).get("FileFormat"),
        tags=tags,
        tag_keys=_tag_keys(item),
        delivery_problem=_delivery_problem(item),
    )


def _delivery_problem(item: Mapping[str, Any]) -> str | None:
    """Why AWS could not deliver lately: `Access error` and the like, in AWS's words."""
    told: str | None = item.get("DeliverLogsErrorMessage")
    if item.get("DeliverLogsStatus") == "FAILED":
        return told or "failed, for a reason that AWS does not tell"
    return told or None


def _log_format(item: Mapping[str, Any]) -> str:
    """Its LogFormat as flowsql spells it, else the default one. Raises LogFormatError for what is none."""
    if text := item.get("LogFormat"):
        return to_format_string(parse_format_string(text))
    is_tgw = str(item.get("ResourceId", "")).startswith("tgw-")
    return to_format_string(TGW_FIELDS if is_tgw else DEFAULT_FIELDS)


def _log_group(item: Mapping[str, Any]) -> str | None:
    """Its log group: by name, or at the end of the ARN arn:aws:logs:REGION:ACCOUNT:log-group:NAME."""
    arn = item.get("LogDestination") or ""
    named: str | None = item.get("LogGroupName")
    return named or (arn.split(":", 6)[6].removesuffix(":*") if arn.count(":") >= 6 else None)


def _tag_keys(item: Mapping[str, Any]) -> dict[str, str]:
    """Column -> tag key: of a resource type's two keys the second is in the column with a 2."""
    return {
        f"{_TAG_COLUMNS[spec['ResourceType']]}{suffix}": key
        for spec in item.get("TagFieldSpecifications", ())
        if spec.get("ResourceType") in _TAG_COLUMNS
        for suffix, key in zip(("", "_2"), spec.get("TagKeys", ()), strict=False)
    }


def _unix_seconds(time: Any, where: str) -> int | None:
    if time is None:
        return None
    try:
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
    except ValueError as error:
        raise SourceError(f"CreationTime: {time!r} is no time", where=where) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
