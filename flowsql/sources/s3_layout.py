"""Where flow logs lie in a bucket: account, region and day from the folders of a key.

    AWSLogs/<account>/vpcflowlogs/<region>/2026/11/24/[07/]
    AWSLogs/aws-account-id=<account>/aws-service=vpcflowlogs/aws-region=<region>/year=2026/month=11/day=24/[hour=07/]

below any prefix; the second also with `service=`.
https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

_PLAIN = r"(?P<account>\d{12})/vpcflowlogs/(?P<region>[a-z0-9-]+)/"
_HIVE = (
    r"aws-account-id=(?P<hive_account>\d{12})/(?:aws-)?service=vpcflowlogs/"
    r"aws-region=(?P<hive_region>[a-z0-9-]+)/"
)
_REGION = re.compile(rf"(?:.*/)?AWSLogs/(?:{_PLAIN}|{_HIVE})")
_ABOVE_REGION = re.compile(
    r"(?:.*/)?AWSLogs/(?:\d{12}/(?:vpcflowlogs/(?:[a-z0-9-]+/)?)?"
    r"|aws-account-id=\d{12}/(?:(?:aws-)?service=vpcflowlogs/(?:aws-region=[a-z0-9-]+/)?)?)?"
)
_IN_LAYOUT = re.compile(r"(?:.*/)?AWSLogs/")
_YEAR = re.compile(r"(?:.*/)?(year=)?20\d\d/")
_MONTH = re.compile(r"(?:^|/)(?:20\d\d/\d\d|year=20\d\d/month=\d\d)/")
_DAY = re.compile(r"(?:(20\d\d)/(\d\d)/(\d\d)|year=(20\d\d)/month=(\d\d)/day=(\d\d))/")


@dataclass(frozen=True, slots=True, order=True)
class DayTree:
    """A folder that holds a folder for each day, `hive` with `year=2026/` for `2026/`.

    `account` and `region` are '' where the folders above do not tell them.
    """

    prefix: str
    hive: bool
    account: str = ""
    region: str = ""

    def folder_of(self, day: date) -> str:
        """The folder of that day."""
        return self.prefix + day.strftime("year=%Y/month=%m/day=%d/" if self.hive else "%Y/%m/%d/")

    @property
    def first_years(self) -> str:
        """How every key of a day begins."""
        return self.prefix + ("year=20" if self.hive else "20")

    def day_of(self, key: str) -> date | None:
        """The day in whose folder the key lies; None if it is in none."""
        match = _DAY.match(key, len(self.prefix))
        try:
            return date(*(int(part) for part in match.groups() if part)) if match else None
        except ValueError:
            return None


def tree_of_region(folder: str) -> DayTree | None:
    """The tree whose own folder this is, by AWS's layout."""
    match = _REGION.fullmatch(folder)
    if not match:
        return None
    hive = match["hive_account"] is not None
    account, region = match["hive_account" if hive else "account"], match["hive_region" if hive else "region"]
    return DayTree(folder, hive, account, region)


def tree_around(folder: str) -> DayTree | None:
    """The tree of the region below which the folder lies, by AWS's layout."""
    match = _REGION.match(folder)
    return tree_of_region(match[0]) if match and match.end() < len(folder) else None


def tree_by_years(folder: str, subfolders: Iterable[str]) -> DayTree | None:
    """The tree that a folder is if folders of years lie in it, as Firehose writes them."""
    years = [match for name in subfolders if (match := _YEAR.fullmatch(name))]
    return DayTree(folder, bool(years[0][1])) if years else None


def leads_on(folder: str) -> bool:
    """Whether flow logs may lie below: not below years, nor in other services' parts of AWSLogs."""
    if _IN_LAYOUT.match(folder):
        return _ABOVE_REGION.fullmatch(folder) is not None
    return _YEAR.fullmatch(folder) is None


def is_aws_layout(folder: str) -> bool:
    """Whether the folder is AWSLogs or lies below it."""
    return _IN_LAYOUT.match(folder) is not None


def names_a_month(folder: str) -> bool:
    """Whether the folder is one month's, or lies in one: bounded in time by itself."""
    return _MONTH.search(folder) is not None
