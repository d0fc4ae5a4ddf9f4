"""Any order of writing, growing, copying and loading objects, against a plain model of what must be there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flowsql.loading import epoch
from flowsql.workspace import Workspace

AWS_NAMES = [
    f"123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_20261123T0000Z_{ending}.log"
    for ending in ("1a2b", "3c4d")
]
# In the order in which a load of the folder takes them.
PATHS = ["a.log", "b.log", "c.log", *(f"{folder}/{name}" for folder in "xy" for name in AWS_NAMES)]
CONTENTS = st.lists(st.integers(0, 5), max_size=3).map(tuple) | st.just(tuple(range(100, 160)))
Content = tuple[int, ...]


def text(content: Iterable[int]) -> str:
    lines = [f"10.0.0.1 10.0.0.{i} {i} {1_795_392_000 + n}\n" for n, i in enumerate(content)]
    return "".join(["srcaddr dstaddr packets start\n", *lines])


@dataclass
class ModelLoad:
    """A load as the rules of the ledger have it."""

    aws_name: str
    content: Content
    counts: bool = True


@dataclass
class Model:
    """The files as they are, and what loading them must have led to."""

    files: dict[str, Content] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    loads: list[ModelLoad] = field(default_factory=list)

    def load(self, path: str) -> None:
        if self.seen.get(path) == self.versions[path]:
            return
        self.seen[path] = self.versions[path]
        content, name = self.files[path], Path(path).name
        aws_name = name if name in AWS_NAMES else ""
        is_known = any(self._has(load, aws_name, content) for load in self.loads)
        for load in self.loads:
            if load.content != content and (
                (aws_name and load.aws_name == aws_name)
                or (
                    not aws_name
                    and not load.aws_name
                    and load.content
                    and content[: len(load.content)] == load.content
                )
            ):
                load.counts = False
        if not is_known:
            self.loads.append(ModelLoad(aws_name, content))

    @staticmethod
    def _has(load: ModelLoad, aws_name: str, content: Content) -> bool:
        """Whether a load has the content; one without an AWS name also if it is part of a grown one."""
        is_comparable = not aws_name or load.aws_name in {"", aws_name}
        return load.content == content and is_comparable and (load.counts or not load.aws_name)

    @property
    def numbers(self) -> list[int]:
        return sorted(number for load in self.loads if load.counts for number in load.content)


class Loading(RuleBasedStateMachine):
    """Files in a folder, a store, and the model of both."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="flowsql-model-"))
        self.workspace = Workspace(self.folder / "store")
        self.model = Model()
        self.clock = 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def _write(self, path: str, content: Content) -> None:
        file = self.folder / "in" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(content))
        self.clock += 1
        os.utime(file, (self.clock, self.clock))
        self.model.files[path] = content
        self.model.versions[path] = self.clock

    @rule(path=st.sampled_from(PATHS), content=CONTENTS)
    def write(self, path: str, content: Content) -> None:
        self._write(path, content)

    @precondition(lambda self: self.model.files)
    @rule(data=st.data(), more=st.lists(st.integers(6, 9), max_size=2))
    def grow(self, data: st.DataObject, more: list[int]) -> None:
        """Appends records; without any, the file is only touched."""
        path = data.draw(st.sampled_from(sorted(self.model.files)))
        self._write(path, (*self.model.files[path], *more))

    @precondition(lambda self: self.model.files)
    @rule(data=st.data(), to=st.sampled_from(PATHS))
    def copy(self, data: st.DataObject, to: str) -> None:
        self._write(to, self.model.files[data.draw(st.sampled_from(sorted(self.model.files)))])

    @precondition(lambda self: self.model.files)
    @rule(data=st.data(), due_records=st.sampled_from([1, 1_000_000]))
    def load(self, data: st.DataObject, due_records: int) -> None:
        """Loads one file, or all."""
        every = [path for path in PATHS if path in self.model.files]
        paths = data.draw(st.sampled_from([every, *([path] for path in every)]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(epoch, "_DUE_RECORDS", due_records)
            report = self.workspace.load([self.folder / "in" / path for path in paths])
        assert report.problems == []
        for path in paths:
            self.model.load(path)

    @invariant()
    def records_equal_the_model(self) -> None:
        if hasattr(self, "workspace") and self.workspace.store.exists:
            table = self.workspace.sql("select packets from records order by packets").read_all()
            assert table.column(0).to_pylist() == self.model.numbers
            assert self.workspace.info().records == len(self.model.numbers)


_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}


class TestLoading(Loading.TestCase):  # type: ignore[misc, name-defined]
    settings = settings(max_examples=12, stateful_step_count=14, **_COMMON)


@pytest.mark.long
@pytest.mark.timeout(3600)
class TestLoadingLong(Loading.TestCase):  # type: ignore[misc, name-defined]
    settings = settings(max_examples=100, stateful_step_count=25, **_COMMON)
