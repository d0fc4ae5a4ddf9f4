"""A disk that is full, or may not be written: the load says so, and the store is what it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowsql.errors import StoreError
from flowsql.exit_codes import STORE, of_error
from flowsql.workspace import Workspace


def catalogue_bytes(workspace: Workspace) -> int:
    return workspace.store.catalog.path.stat().st_size


@pytest.mark.parametrize(
    ("file_limit", "survivors"),
    [
        (lambda workspace: 150_000, range(1, 10)),
        (lambda workspace: catalogue_bytes(workspace) - 1, range(1, 2)),
        (lambda workspace: 20_000, range(1, 2)),
        (lambda workspace: 1_000, range(1, 2)),
    ],
    ids=["segments do not fit", "the catalogue does not fit", "almost nothing fits", "nothing fits"],
)
def test_full_disk(
    file_limit: Callable[[Workspace], int],
    survivors: range,
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    """The limit of a file's size stands in for the full disk: both fail a write half-way."""
    objects = make_objects(10, 10_000)
    workspace.load(objects.sources[:1])
    limit = file_limit(workspace)
    load = start_load(workspace.store.folder, objects.sources, due_records=70_000, file_limit=limit)
    report = load.report()
    assert report["error"] == "StoreError"
    assert "its disk is full" in report["message"]
    survived = whole_objects(workspace, objects)
    assert survived in survivors
    assert report["records"] == (survived - 1) * objects.size
    assert is_tidy(workspace)
    assert workspace.load(objects.sources).records == (10 - survived) * objects.size
    assert whole_objects(workspace, objects) == 10
    assert is_tidy(workspace)


def test_disk_full_before_there_is_a_store(
    workspace: Workspace,
    make_objects: Callable[..., Any],
    start_load: Callable[..., Any],
    whole_objects: Callable[..., int],
    is_tidy: Callable[..., bool],
) -> None:
    objects = make_objects(4, 6)
    report = start_load(workspace.store.folder, objects.sources, file_limit=20_000).report()
    assert report["error"] == "StoreError"
    assert "its disk is full" in report["message"]
    assert not workspace.store.exists
    workspace.load(objects.sources)
    assert whole_objects(workspace, objects) == 4
    assert is_tidy(workspace)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="flowsql-test-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


# Gives up root's rights, for which permissions do not bind, once everything is imported.
_AS_ANOTHER = """
import os, sys
from pathlib import Path
from flowsql.workspace import Workspace
from flowsql.errors import FlowsqlError
workspace = Workspace(Path(sys.argv[1]))
workspace.load([sys.argv[2]], dry_run=True)
workspace.forget([1], dry_run=True)
import flowsql.store.compact
if os.geteuid() == 0:
    os.seteuid(65534)
print(workspace.sql("select count(*) as n from records").read_all().to_pylist())
for change in (lambda: workspace.load([sys.argv[2]]), workspace.compact, lambda: workspace.forget([1])):
    try:
        change()
    except FlowsqlError as error:
        print(type(error).__name__, error)
"""


def test_read_only_store_can_be_queried_but_not_changed(
    open_folder: Path, log_text: Callable[..., bytes], numbers_in: Callable[..., list[int]]
) -> None:
    workspace = Workspace(open_folder / "store")
    source = open_folder / "a.log"
    source.write_bytes(log_text(range(5)))
    workspace.load([source])
    source.write_bytes(log_text(range(9)))
    for path in [workspace.store.folder, *workspace.store.folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = [sys.executable, "-c", _AS_ANOTHER, str(workspace.store.folder), str(source)]
    # A home of its own: what Python and DuckDB look up there is not what is tested.
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "HOME": str(open_folder)}, check=False
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "[{'n': 5}]", done.stderr
    assert len(lines) == 4, done.stderr
    for line in lines[1:]:
        assert line.startswith(f"StoreError {workspace.store.folder}: cannot be written: ")
        assert "Permission denied" in line
    assert numbers_in(workspace) == list(range(5))


@pytest.mark.parametrize("folder", ["/proc/flowsql", "/dev/null/store"])
def test_store_where_none_can_be_made(folder: str, tmp_path: Path, log_text: Callable[..., bytes]) -> None:
    (tmp_path / "a.log").write_bytes(log_text(range(2)))
    with pytest.raises(StoreError, match="cannot be written") as raised:
        Workspace(Path(folder)).load([tmp_path / "a.log"])
    assert of_error(raised.value) == STORE
    assert raised.value.remedy
