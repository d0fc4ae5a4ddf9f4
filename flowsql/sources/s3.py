"""Log objects in S3: `s3://bucket/prefix`, and only those days of them that are wanted."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from flowsql.errors import SourceError, UsageError
from flowsql.sources.aws import AwsAccess
from flowsql.sources.s3_bucket import Bucket, Listed, Page
from flowsql.sources.s3_file import WHOLE_BYTES
from flowsql.sources.s3_layout import (
    DayTree,
    is_aws_layout,
    leads_on,
    names_a_month,
    tree_around,
    tree_by_years,
    tree_of_region,
)
from flowsql.sources.source import History, LogObject, Wanted

SCHEME = "s3://"
# Folders outside AWSLogs in which it is looked for, at most; and listings that go on side by side.
_MOST_FOLDERS = 200
_SIDE_BY_SIDE = 8
# Longer stretches are listed in one go instead of day by day.
_MOST_DAYS = 32
# A record may start that long before the slot of its file does.
_SLOT_SLACK_S = 3600
_DAY = timedelta(days=1)
# What AWS leaves behind when it tries whether it may write.
_TEST_FILES = {"aws-logs-write-test": "AWS's own test whether it may write here"}


@dataclass(frozen=True, slots=True)
class _Listing:
    """Part of a bucket to list: keys below `prefix` after `after` and before `stop`, all levels if `deep`.

    The folders of a `dated` one tell of which day its objects are.
    """

    prefix: str
    deep: bool = True
    dated: bool = False
    after: str = ""
    stop: str = ""


@dataclass(slots=True)
class _Survey:
    """What lies below a prefix: trees of days, and folders outside of them.

    `loose` are folders with objects of their own; `unknown` those that were not looked into.
    """

    trees: list[DayTree] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


class S3Source:
    """What lies below a prefix, or one object."""

    def __init__(self, text: str, wanted: Wanted, access: AwsAccess) -> None:
        self._text = text
        self._name, _, self._path = text.removeprefix(SCHEME).partition("/")
        if not self._name:
            raise UsageError("names no bucket", where=text, remedy="a source in S3 is s3://bucket/prefix")
        self._wanted = wanted
        self._access = access

    def find(self, history: History, tell: Callable[[str], None]) -> Iterator[LogObject]:
        """Its objects, ordered by folder; each new one is read as it was when it was listed.

        Raises UsageError when it is the first load of it and nothing says from when on, SourceError when the
        bucket cannot be listed or nothing is there.
        """
        bucket = Bucket(self._name, self._access)
        prefix = self._path
        if prefix and not prefix.endswith("/"):
            # The key itself comes first among those that begin so.
            page = next(bucket.pages(prefix, deep=False))
            if page.objects and page.objects[0].key == prefix:
                return iter([self._log_object(bucket, page.objects[0], direct=True)])
            prefix += "/"
        survey = _survey(bucket, prefix)
        if not (survey.trees or survey.loose or survey.unknown):
            raise self._nothing(bucket, "no object lies below that prefix")
        listings = self._listings(bucket, survey, prefix, history, tell)
        if not listings:
            raise self._nothing(bucket, "no day of the wanted time lies below that prefix")
        return self._objects(bucket, listings, history, prefix)

    def _listings(
        self,
        bucket: Bucket,
        survey: _Survey,
        prefix: str,
        history: History,
        tell: Callable[[str], None],
    ) -> list[_Listing]:
        """What to list, in the order of prefixes."""
        if survey.unknown and survey.trees:
            tell(
                f"{self._text}: {len(survey.unknown):,} folders beside AWS's layout were not looked into"
                f" (the first: {bucket.url(survey.unknown[0])}); name them as sources if logs lie there"
            )
            survey.unknown.clear()
        loose = [_Listing(folder, deep=False) for folder in survey.loose]
        loose += [_Listing(folder) for folder in survey.unknown]
        window = self._wanted.window
        is_bounded = self._wanted.full or window.since is not None or names_a_month(prefix)
        marks = {} if is_bounded else {tree: _mark(bucket, tree, history, prefix) for tree in survey.trees}
        newest = max((day for day in marks.values() if day), default=None)
        if not is_bounded and not newest and not history.newest(bucket.url(prefix)):
            raise UsageError(
                "the first load of a remote source wants to know from when on",
                where=self._text,
                remedy="--since 24h (or another time), or --full for everything there is",
            )
        last = None if window.until is None else _day_of(window.until - 1 + _SLOT_SLACK_S)
        today = _day_of(self._wanted.now)
        listings, firsts = list(loose), set()
        for tree in survey.trees:
            first = None if window.since is None else _day_of(window.since)
            if not is_bounded:
                first = (marks[tree] or newest or today) - _DAY
            firsts.add(first)
            listings += _below(prefix, _of_days(tree, first, last, today))
        if survey.trees:
            tell(f"{self._text}: {_told(survey.trees)}, {_span(firsts, last)}")
        return sorted(listings, key=lambda listing: (listing.prefix, listing.after))

    def _objects(
        self, bucket: Bucket, listings: Sequence[_Listing], history: History, prefix: str
    ) -> Iterator[LogObject]:
        unfinished = dict.fromkeys(history.unfinished(bucket.url(prefix)))
        since = self._wanted.window.since
        is_empty = True
        older = 0
        for listing, listed in _listed_side_by_side(bucket, listings):
            # What was uploaded before a time holds no records from after it.
            if not listing.dated and since is not None and listed.modified < since:
                older += 1
                continue
            log_object = self._log_object(bucket, listed, direct=False)
            unfinished.pop(log_object.name, None)
            is_empty = is_empty and bool(log_object.foreign)
            yield log_object
        for name in unfinished:
            listed_now = bucket.look_up(name.removeprefix(bucket.url("")))
            if listed_now:
                is_empty = False
                yield self._log_object(bucket, listed_now, direct=False)
        if is_empty:
            looked = ", ".join(bucket.url(one.prefix) for one in listings[:3])
            more = f" and {len(listings) - 3:,} more folders" if len(listings) > 3 else ""
            past = f"; {older:,} were uploaded before --since" if older else ""
            raise self._nothing(bucket, f"no log object found, looked below {looked}{more}{past}")

    def _log_object(self, bucket: Bucket, listed: Listed, *, direct: bool) -> LogObject:
        file_name = listed.key.rsplit("/", 1)[-1]
        foreign = _TEST_FILES.get(file_name, "") or ("" if listed.size_bytes else "empty")
        return LogObject(
            name=bucket.url(listed.key),
            size_bytes=listed.size_bytes,
            version_tag=f"etag:{listed.etag}",
            direct=direct,
            open=functools.partial(bucket.open, listed),
            ahead_bytes=min(listed.size_bytes, WHOLE_BYTES),
            foreign=foreign,
            modified_at=listed.modified,
        )

    def _nothing(self, bucket: Bucket, cause: str) -> SourceError:
        return SourceError(
            cause,
            where=self._text,
            remedy="check bucket, prefix and time; `aws s3 ls "
            f"{bucket.url(self._path)}` shows what is there, --full leaves out no day",
        )


def _survey(bucket: Bucket, prefix: str) -> _Survey:
    """Looks for the trees of days below the prefix, level by level, without listing what is in them."""
    survey = _Survey()
    if tree := tree_around(prefix):
        survey.trees.append(tree)
        return survey
    level, asked = [prefix], 0
    with ThreadPoolExecutor(_SIDE_BY_SIDE, "list") as pool:
        while level:
            survey.trees += [tree for folder in level if (tree := tree_of_region(folder))]
            folders = [folder for folder in level if not tree_of_region(folder)]
            outside = [folder for folder in folders if not is_aws_layout(folder)]
            left = max(0, _MOST_FOLDERS - asked)
            survey.unknown += outside[left:]
            asked += len(outside)
            folders = [f for f in folders if is_aws_layout(f)] + outside[:left]
            level = []
            for folder, page in zip(
                folders, pool.map(functools.partial(_whole, bucket), folders), strict=True
            ):
                tree = tree_by_years(folder, page.folders)
                if tree:
                    survey.trees.append(tree)
                if page.objects:
                    survey.loose.append(folder)
                level += [name for name in page.folders if leads_on(name)]
    survey.trees.sort()
    return survey


def _whole(bucket: Bucket, folder: str) -> Page:
    """The folders in a folder, and one of its objects, if there are any."""
    folders: list[str] = []
    objects: tuple[Listed, ...] = ()
    for page in bucket.pages(folder, deep=False):
        folders += page.folders
        objects = objects or page.objects[:1]
    return Page(objects, tuple(folders))


def _below(prefix: str, listings: Iterable[_Listing]) -> Iterator[_Listing]:
    """What of the listings lies below the prefix."""
    for listing in listings:
        if listing.prefix.startswith(prefix):
            yield listing
        elif prefix.startswith(listing.prefix):
            yield replace(listing, prefix=prefix)


def _mark(bucket: Bucket, tree: DayTree, history: History, prefix: str) -> date | None:
    """The newest day of the tree of which the store knows an object below the prefix."""
    newest = history.newest(bucket.url(max(tree.first_years, prefix, key=len)))
    return tree.day_of(newest.removeprefix(bucket.url(""))) if newest else None


def _of_days(tree: DayTree, first: date | None, last: date | None, today: date) -> list[_Listing]:
    """Listings of the tree's days from first to last; None is no bound."""
    # AWS delivers nothing of the future.
    end = last or today + _DAY
    if first is not None and 0 <= (end - first).days < _MOST_DAYS:
        days = (first + n * _DAY for n in range((end - first).days + 1))
        return [_Listing(tree.folder_of(day), dated=True) for day in days]
    after, stop = (tree.folder_of(day) if day else "" for day in (first, last and last + _DAY))
    return [_Listing(tree.prefix, dated=True, after=after, stop=stop)]


def _listed_side_by_side(bucket: Bucket, listings: Iterable[_Listing]) -> Iterator[tuple[_Listing, Listed]]:
    """The objects of all listings in their order; the first pages of the next ones are fetched meanwhile."""
    with ThreadPoolExecutor(_SIDE_BY_SIDE, "list") as pool:
        ahead: deque[tuple[_Listing, Iterator[Page], Future[Page]]] = deque()
        left = iter(listings)

        def begin() -> None:
            for listing in left:
                pages = bucket.pages(listing.prefix, deep=listing.deep, after=listing.after)
                ahead.append((listing, pages, pool.submit(next, pages)))
                return

        for _ in range(_SIDE_BY_SIDE):
            begin()
        while ahead:
            listing, pages, first = ahead.popleft()
            for page in chain([first.result()], pages):
                yield from ((listing, o) for o in page.objects if not listing.stop or o.key < listing.stop)
                if listing.stop and page.objects and page.objects[-1].key >= listing.stop:
                    break
            begin()


def _day_of(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _told(trees: Sequence[DayTree]) -> str:
    accounts = sorted({tree.account for tree in trees if tree.account})
    regions = sorted({tree.region for tree in trees if tree.region})
    if not accounts:
        return f"{len(trees):,} folders of days"
    return f"{_few(accounts, 'account')}, {_few(regions, 'region')}"


def _few(names: Sequence[str], noun: str) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{len(names):,} {noun}s"


def _span(firsts: Collection[date | None], last: date | None) -> str:
    """From which day to which, in words; the earliest of the first days."""
    days = [day for day in firsts if day]
    first = f"from {min(days)}" if days else "from the first day"
    return f"{first} on" if last is None else f"{first} to {last}"
