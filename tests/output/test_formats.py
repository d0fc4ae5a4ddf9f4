from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flowsql.errors import UsageError
from flowsql.output.formats import FORMATS, format_for, format_named


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.csv", "csv"),
        ("dir.json/a.TSV", "tsv"),
        ("a.jsonl", "ndjson"),
        ("a.json", "json"),
        ("a.2026.md", "markdown"),
        ("a.parquet", "parquet"),
        ("a.txt", "table"),
    ],
)
def test_suffix_names_the_format(path, name):
    assert format_for(Path(path)).name == name


@pytest.mark.parametrize(
    ("path", "remedy"),
    [("a.parqet", "'.parquet'"), ("a.csb", "'.csv'"), ("report", ".ndjson"), ("a.xyz", "--format")],
)
def test_unknown_suffix_is_refused(path, remedy):
    with pytest.raises(UsageError) as error:
        format_for(Path(path))
    assert error.value.where == path
    assert remedy in error.value.remedy


@pytest.mark.parametrize(("name", "remedy"), [("jsn", "'json'"), ("xlsx", "parquet")])
def test_unknown_name_is_refused(name, remedy):
    with pytest.raises(UsageError, match=name) as error:
        format_named(name)
    assert remedy in error.value.remedy


def test_every_format_renders(written, sample):
    for name, form in FORMATS.items():
        if not form.binary:
            assert written(name, sample())
        assert format_named(name.upper()) is form


def test_listing_the_formats_loads_no_heavy_library():
    code = "import sys, flowsql.output.formats, flowsql.output.file; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
