"""Any order of writing, growing, copying, loading, forgetting and compacting, against a plain model of the rules."""

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

from flowsql.errors import UsageError
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


@dataclass(eq=False)
class ModelLoad:
    """A load as the rules of the ledger have it. It counts, or was replaced, or is forgotten."""

    name: str
    content: Content
    state: str = "live"
    replaced_by: ModelLoad | None = None

    @property
    def aws_name(self) -> str:
        return aws_name(self.name)


def aws_name(path: str) -> str:
    name = Path(path).name
    return name if name in AWS_NAMES else ""


@dataclass
class Model:
    """The files as they are, and what loading and forgetting them must have led to."""

    files: dict[str, Content] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[int, ModelLoad]] = field(default_factory=dict)
    loads: list[ModelLoad] = field(default_factory=list)

    def load(self, path: str, *, again: bool = False) -> None:
        version, seen = self.seen.get(path, (0, None))
        if seen and version == self.versions[path] and not (again and seen.state == "forgotten"):
            return
        content = self.files[path]
        alike = [
            x
            for x in self.loads
            if x.content == content and aws_name(path) in ("", x.aws_name, *self._not_aws(x))
        ]
        older = [x for x in self.loads if x.content != content and self._grew(x, path, content)]
        known = next(
            (x for x in alike if x.state == "live" or (x.state == "replaced" and not x.aws_name)), None
        )
        forgotten = [x for x in self.loads if x in [*alike, *older] and x.state == "forgotten"]
        if known is None and forgotten and not again:
            self.seen[path] = self.versions[path], forgotten[0]
            return
        gives_way = [x for x in older if x.state == "live"]
        if known is None:
            known = ModelLoad(path, content)
            self.loads.append(known)
            gives_way += forgotten
        for load in gives_way:
            load.state, load.replaced_by = "replaced", known
        self.seen[path] = self.versions[path], known

    @staticmethod
    def _not_aws(load: ModelLoad) -> list[str]:
        """What any object may be a copy of: a load without an AWS name."""
        return [] if load.aws_name else AWS_NAMES

    @staticmethod
    def _grew(load: ModelLoad, path: str, content: Content) -> bool:
        """Whether the object is a later version of the load's."""
        if aws_name(path):
            return load.aws_name == aws_name(path)
        return not load.aws_name and bool(load.content) and content[: len(load.content)] == load.content

    def named(self, path: str) -> list[ModelLoad]:
        return [x for x in self.loads if x.name == path or self.seen.get(path, (0, None))[1] is x]

    def forget(self, path: str) -> None:
        for load in [x for x in self.named(path) if x.state == "live"]:
            load.state = "forgotten"
            for part in self.loads:
                while part.state == "replaced" and self._end(part) is load:
                    part.state = "forgotten"

    @staticmethod
    def _end(load: ModelLoad) -> ModelLoad:
        while load.replaced_by is not None and load.state == "replaced":
            load = load.replaced_by
        return load

    @property
    def numbers(self) -> list[int]:
        return sorted(number for load in self.loads if load.state == "live" for number in load.content)


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
            patch.setattr(epoch, "_PATIENCE", 1)
            report = self.workspace.load([self.folder / "in" / path for path in paths])
        assert report.problems == []
        for path in paths:
            self.model.load(path)

    @precondition(lambda self: any(load.state == "forgotten" for _, load in self.model.seen.values()))
    @rule(data=st.data())
    def load_again(self, data: st.DataObject) -> None:
        """Brings back an object that was forgotten, and not changed since."""
        paths = [p for p in PATHS if p in self.model.seen and self._is_forgotten(p)]
        if paths:
            path = data.draw(st.sampled_from(paths))
            self.workspace.load([self.folder / "in" / path], again=True)
            self.model.load(path, again=True)

    def _is_forgotten(self, path: str) -> bool:
        """Whether --again brings it back, rather than adding a copy of something that is there."""
        version, load = self.model.seen[path]
        copies = [
            x for x in self.model.loads if x.content == self.model.files[path] and x.state != "forgotten"
        ]
        return load.state == "forgotten" and version == self.model.versions[path] and not copies

    @precondition(lambda self: self.model.loads)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        paths = [p for p in PATHS if self.model.named(p)]
        path = data.draw(st.sampled_from(paths))
        if all(load.state == "replaced" for load in self.model.named(path)):
            with pytest.raises(UsageError, match="has replaced it"):
                self.workspace.forget([self.folder / "in" / path])
        else:
            self.workspace.forget([self.folder / "in" / path])
        self.model.forget(path)

    @precondition(lambda self: self.model.loads)
    @rule(grace_s=st.sampled_from([0, 3600]))
    def compact(self, grace_s: int) -> None:
        self.workspace.compact(grace_s=grace_s)
        places = self.workspace.sql("select path from segments").read_all().to_pylist()
        # Objects of AWS's have a column more.
        assert len(places) <= 2

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
