"""What the sources that a user names are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowsql.sources.aws import AwsAccess
from flowsql.sources.local import LocalSource
from flowsql.sources.s3 import SCHEME, S3Source
from flowsql.sources.source import Source, Wanted


def is_remote(text: str) -> bool:
    """Whether a source is in AWS."""
    return text.startswith(SCHEME)


def sources_named(texts: Sequence[str], spool: Path, wanted: Wanted, access: AwsAccess) -> list[Source]:
    """The sources that these texts name; local ones count as one. Raises UsageError."""
    local = [text for text in texts if not is_remote(text)]
    remote: list[Source] = [S3Source(text, wanted, access) for text in texts if is_remote(text)]
    return [LocalSource(local, spool), *remote] if local else remote
