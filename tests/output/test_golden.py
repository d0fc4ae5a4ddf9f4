"""Every text format of one sample, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("file", "name", "options"),
    [
        ("table_60.txt", "table", {"width": 60}),
        ("table_120.txt", "table", {"width": 120}),
        ("table_200.txt", "table", {"width": 200}),
        ("table_none.txt", "table", {}),
        ("sample.csv", "csv", {}),
        ("safe.csv", "csv", {"csv_safe": True, "terminal": True, "timezone": "Europe/Berlin"}),
        ("sample.tsv", "tsv", {}),
        ("sample.json", "json", {}),
        ("sample.ndjson", "ndjson", {}),
        ("sample.md", "markdown", {}),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_golden(written, sample, file, name, options):
    assert written(name, sample(), **options) == (GOLDEN / file).read_bytes().decode()
