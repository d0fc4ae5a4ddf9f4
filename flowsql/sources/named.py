"""What the sources that a user names are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowsql.sources import cloudwatch, s3
from flowsql.sources.aws import AwsAccess
from flowsql.sources.cloudwatch import CloudWatchSource
from flowsql.sources.local import LocalSource
from flowsql.sources.s3 import S3Source
from flowsql.sources.source import Source, Wanted


def is_remote(text: str) -> bool:
    """Whether a source is in AWS."""
    return text.startswith((s3.SCHEME, cloudwatch.SCHEME))


def sources_named(texts: Sequence[str], spool: Path, wanted: Wanted, access: AwsAccess) -> list[Source]:
    """The sources that these texts name; local ones count as one. Raises UsageError."""
    local = [text for text in texts if not is_remote(text)]
    sources: list[Source] = [LocalSource(local, spool)] if local else []
    for text in texts:
        if text.startswith(s3.SCHEME):
            sources.append(S3Source(text, wanted, access))
        elif text.startswith(cloudwatch.SCHEME):
            sources.append(CloudWatchSource(text, wanted, access, spool))
    return sources
