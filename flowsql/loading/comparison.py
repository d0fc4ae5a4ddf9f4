"""How a log object compares with what the store knows of it already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowsql.ingest.digest import ContentDigest
from flowsql.sources.source import LogObject
from flowsql.store.catalog import INCOMPLETE, LIVE
from flowsql.store.ledger import AwsName, Known


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an object's content means for the loads that it is related to.

    `settled` has its content, or more of the same growing object; `replaced` are loads that give way to it;
    `gone` those under which the object is expired or forgotten; `sounder` has what this copy, which is
    damaged, lacks.
    """

    settled: Known | None = None
    replaced: tuple[int, ...] = ()
    gone: tuple[Known, ...] = ()
    sounder: Known | None = None


def compare(
    log_object: LogObject, aws: AwsName | None, digest: ContentDigest, related: Sequence[Known]
) -> Comparison:
    """The Comparison of an object of that name and content with the related loads."""
    same = [k for k in related if k.content_hash in digest.hashes]
    older = [k for k in related if _is_replaced(k, log_object, aws, digest)]
    alive = [k for k in same if not k.is_gone]
    settled = next((k for k in alive if k.state != INCOMPLETE or digest.damage), None)
    settled = settled or next((k for k in related if _has_more(k, aws, digest)), None)
    return Comparison(
        settled=settled,
        replaced=tuple(
            k.load_id
            for k in older
            if k != settled and (k.state == INCOMPLETE or (k.state == LIVE and k not in same))
        ),
        gone=tuple(k for k in related if k.is_gone and (k in same or k in older)),
        sounder=next((k for k in related if _is_sounder(k, aws, digest)), None),
    )


def _has_more(known: Known, aws: AwsName | None, digest: ContentDigest) -> bool:
    """Whether a load of the same growing object has what AWS no longer gives of it."""
    is_same_object = aws is not None and aws.growing and known.identity == aws.identity
    return is_same_object and known.state == LIVE and known.content_bytes > digest.size_bytes


def _is_sounder(known: Known, aws: AwsName | None, digest: ContentDigest) -> bool:
    """Whether a load of the same AWS object has what a damaged copy of it lacks."""
    is_same_object = aws is not None and known.identity == aws.identity
    continues_it = digest.begins_with(known.content_bytes, known.content_hash)
    return bool(digest.damage) and is_same_object and known.state == LIVE and not continues_it


def _is_replaced(known: Known, log_object: LogObject, aws: AwsName | None, digest: ContentDigest) -> bool:
    """Whether the object takes the place of a load that has other content."""
    if aws and known.identity == aws.identity:
        return True
    if known.state == INCOMPLETE and known.name == log_object.name:
        return True
    is_its_beginning = digest.begins_with(known.content_bytes, known.content_hash)
    return not aws and not known.identity.startswith("aws:") and known.records > 0 and is_its_beginning
