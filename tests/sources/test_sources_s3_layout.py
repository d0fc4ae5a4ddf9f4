from __future__ import annotations

from datetime import date

import pytest

from flowsql.sources.s3_layout import (
    DayTree,
    leads_on,
    names_a_month,
    tree_around,
    tree_by_years,
    tree_of_region,
)

PLAIN = "AWSLogs/123456789012/vpcflowlogs/eu-west-1/"
HIVE = "AWSLogs/aws-account-id=012345678901/aws-service=vpcflowlogs/aws-region=us-gov-west-1/"
OF_GATEWAYS = "AWSLogs/aws-account-id=012345678901/service=vpcflowlogs/aws-region=eu-west-1/"


@pytest.mark.parametrize(
    ("folder", "tree"),
    [
        (PLAIN, DayTree(PLAIN, False, "123456789012", "eu-west-1")),
        (f"a/b c/{PLAIN}", DayTree(f"a/b c/{PLAIN}", False, "123456789012", "eu-west-1")),
        (f"AWSLogs/{PLAIN}", DayTree(f"AWSLogs/{PLAIN}", False, "123456789012", "eu-west-1")),
        (HIVE, DayTree(HIVE, True, "012345678901", "us-gov-west-1")),
        (f"x/{OF_GATEWAYS}", DayTree(f"x/{OF_GATEWAYS}", True, "012345678901", "eu-west-1")),
        ("", None),
        ("AWSLogs/", None),
        ("AWSLogs/123456789012/vpcflowlogs/", None),
        (f"{PLAIN}2026/", None),
        ("AWSLogs/123456789012/CloudTrail/eu-west-1/", None),
        ("AWSLogs/12345/vpcflowlogs/eu-west-1/", None),
        ("notAWSLogs/123456789012/vpcflowlogs/eu-west-1/", None),
    ],
)
def test_region_folder_is_a_tree(folder: str, tree: DayTree | None) -> None:
    assert tree_of_region(folder) == tree


@pytest.mark.parametrize(
    ("folder", "leads"),
    [
        ("anything/", True),
        ("a/AWSLogs/", True),
        ("AWSLogs/123456789012/", True),
        ("AWSLogs/aws-account-id=123456789012/", True),
        ("AWSLogs/aws-account-id=123456789012/service=vpcflowlogs/", True),
        (HIVE, True),
        ("AWSLogs/o-abc123/", False),
        ("AWSLogs/123456789012/CloudTrail/", False),
        ("AWSLogs/aws-account-id=123456789012/aws-service=cloudtrail/", False),
        (f"{PLAIN}2026/", False),
        ("firehose/2026/", False),
        ("firehose/year=2026/", False),
        ("firehose/1026/", True),
    ],
)
def test_which_folders_are_looked_into(folder: str, leads: bool) -> None:
    assert leads_on(folder) == leads


@pytest.mark.parametrize(
    ("tree", "folder", "first_years"),
    [
        (DayTree("p/", False), "p/2026/01/09/", "p/20"),
        (DayTree("p/", True), "p/year=2026/month=01/day=09/", "p/year=20"),
    ],
)
def test_folder_of_a_day_and_back(tree: DayTree, folder: str, first_years: str) -> None:
    day = date(2026, 1, 9)
    assert tree.folder_of(day) == folder
    assert tree.first_years == first_years
    assert tree.day_of(f"{folder}23/file.gz") == day
    assert tree.day_of(folder.replace("09", "39")) is None
    assert tree.day_of("p/other") is None


@pytest.mark.parametrize(
    ("subfolders", "tree"),
    [
        (["f/2025/", "f/2026/", "f/errors/"], DayTree("f/", False)),
        (["f/year=2026/"], DayTree("f/", True)),
        (["f/10/", "f/11/"], None),
        ([], None),
    ],
)
def test_folders_of_years_make_a_tree(subfolders: list[str], tree: DayTree | None) -> None:
    assert tree_by_years("f/", subfolders) == tree


@pytest.mark.parametrize(
    ("folder", "in_tree", "month"),
    [
        (f"{PLAIN}2026/11/24/", True, True),
        (f"{HIVE}year=2026/month=11/", True, True),
        (f"{PLAIN}2026/", True, False),
        (PLAIN, False, False),
        ("firehose/2026/11/", False, True),
        ("firehose/year=2026/month=1x/", False, False),
        ("", False, False),
    ],
)
def test_prefixes_that_are_bounded_by_themselves(folder: str, in_tree: bool, month: bool) -> None:
    tree = tree_around(folder)
    assert (tree is not None) == in_tree
    assert tree is None or folder.startswith(tree.prefix)
    assert names_a_month(folder) == month
