"""Each log object once: what a load does with objects that it has, or has not, met before."""

from __future__ import annotations

import gzip
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowsql.loading import epoch
from flowsql.loading.report import LoadReport, Outcome
from flowsql.workspace import Workspace

AWS = "123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_20261123T0000Z_1a2b3c4d"
NEXT = "123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d4e5f60718_20261123T0005Z_5e6f7a8b"
FEW, MANY = range(5), range(500)  # shorter and longer than the beginning that the ledger hashes
Make = Callable[..., bytes]
Numbers = Callable[[Workspace], list[int]]


def encoded(kind: str, content: bytes) -> bytes:
    """The content as a file has it; a `cut` or `flipped` one has lost its end, or is damaged half-way."""
    packed = gzip.compress(content, mtime=0)
    match kind:
        case "plain":
            return content
        case "gz":
            return packed
        case "cut":
            return packed[: len(packed) * 3 // 4]
        case "stump":
            return packed[:12]
        case "flipped":
            # Literal bytes, so that the damage shows only in the checksum at the end.
            stored = gzip.compress(content, 0, mtime=0)
            middle = stored.index(b"ACCEPT", len(stored) // 2)
            return stored[:middle] + b"REJECT" + stored[middle + 6 :]
        case _:
            return kind.encode()


L, R, K, C, I, B, N, F = (  # noqa: E741
    *(Outcome.LOADED, Outcome.REPLACED, Outcome.KNOWN, Outcome.COPY),
    *(Outcome.INCOMPLETE, Outcome.KNOWN_BAD, Outcome.NOT_LOGS, Outcome.FAILED),
)
# Each step writes files (name, kind, numbers), loads the whole folder, and expects outcomes in the order of
# the names; then the store has these numbers, once or as often as given.
Step = tuple[list[tuple[str, str, Iterable[int]]], list[Outcome], list[int]]


def scenario(name: str, *steps: tuple[object, ...]) -> tuple[str, tuple[object, ...]]:
    return name, steps


CASES = [
    scenario("the same twice", ([("a.log", "plain", FEW)], [L], FEW), ([], [K], FEW)),
    scenario("AWS's name twice", ([(f"{AWS}.log.gz", "gz", FEW)], [L], FEW), ([], [K], FEW)),
    scenario(
        "AWS's name in another folder",
        ([(f"x/{AWS}.log.gz", "gz", MANY)], [L], MANY),
        ([(f"y/{AWS}.log.gz", "gz", MANY)], [K, K], MANY),
        ([], [K, K], MANY),
    ),
    scenario(
        "AWS's name in two folders, one load",
        ([(f"x/{AWS}.log.gz", "gz", FEW), (f"y/{AWS}.log.gz", "gz", FEW)], [L, K], FEW),
    ),
    scenario(
        "AWS's name, unpacked by its user",
        ([(f"{AWS}.log.gz", "gz", MANY)], [L], MANY),
        ([(f"{AWS}.log", "plain", MANY), (f"{AWS}", "plain", MANY)], [K, K, K], MANY),
    ),
    scenario(
        "two AWS names with one content are two objects",
        ([(f"{AWS}.log.gz", "gz", FEW), (f"{NEXT}.log.gz", "gz", FEW)], [L, L], [*FEW, *FEW]),
        ([], [K, K], [*FEW, *FEW]),
    ),
    scenario(
        "AWS's name with other content replaces",
        ([(f"{AWS}.log.gz", "gz", FEW)], [L], FEW),
        ([(f"{AWS}.log.gz", "gz", range(3, 9))], [R], range(3, 9)),
        ([], [K], range(3, 9)),
        ([(f"{AWS}.log.gz", "gz", range(4, 6))], [R], range(4, 6)),
        ([(f"{AWS}.log.gz", "gz", FEW)], [R], FEW),
    ),
    scenario(
        "three versions of AWS's name in one load: the last one stays",
        (
            [(f"{folder}/{AWS}.log.gz", "gz", range(n)) for n, folder in ((3, "x"), (9, "y"), (6, "z"))],
            [L, R, R],
            range(6),
        ),
        ([], [K, K, K], range(6)),
    ),
    *(
        scenario(
            f"a {size} file that grew replaces",
            ([("a.log", "plain", part)], [L], part),
            ([("a.log", "plain", whole)], [R], whole),
            ([], [K], whole),
        )
        for size, part, whole in (("small", FEW, range(9)), ("big", MANY, range(900)))
    ),
    scenario(
        "a file that grew under another name replaces",
        ([("a.log", "plain", MANY)], [L], MANY),
        ([("b.log.gz", "gz", range(900))], [K, R], range(900)),
    ),
    scenario(
        "an old copy of a file that grew",
        ([("a.log", "plain", MANY)], [L], MANY),
        ([("a.log", "plain", range(900))], [R], range(900)),
        ([("old/a.log.gz", "gz", MANY)], [K, C], range(900)),
        ([], [K, K], range(900)),
        ([("a.log", "plain", MANY)], [K, K], range(900)),
    ),
    scenario(
        "a file, its grown version and an old copy in one load",
        (
            [("a.log", "plain", FEW), ("b.log", "plain", range(9)), ("c.log", "plain", FEW)],
            [L, R, C],
            range(9),
        ),
        ([], [K, K, K], range(9)),
    ),
    scenario(
        "two files that continue one in two ways",
        (
            [("a", "plain", MANY), ("b", "plain", range(900)), ("c", "plain", [*MANY, 7777])],
            [L, R, L],
            [*range(900), *MANY, 7777],
        ),
    ),
    scenario(
        "another file that begins otherwise is added",
        ([("a.log", "plain", FEW)], [L], FEW),
        ([("a.log", "plain", range(3, 9))], [L], [*FEW, *range(3, 9)]),
        ([("a.log", "plain", FEW)], [K], [*FEW, *range(3, 9)]),
    ),
    scenario(
        "plain, gzip and without suffix are one content",
        ([("a.log.gz", "gz", MANY)], [L], MANY),
        ([("b.log", "plain", MANY), ("c", "plain", MANY)], [K, C, C], MANY),
        ([], [K, K, K], MANY),
    ),
    scenario(
        "copies in one load",
        ([("a", "plain", FEW), ("b.gz", "gz", FEW), ("c", "plain", FEW)], [L, C, C], FEW),
    ),
    scenario(
        "a copy of AWS's object under another name",
        ([(f"{AWS}.log.gz", "gz", FEW)], [L], FEW),
        ([("z.log", "plain", FEW)], [K, K], FEW),
    ),
    scenario(
        "a cut file: known bad, then mended",
        ([("a.log.gz", "cut", MANY)], [I], None),
        ([], [B], None),
        ([("a.log.gz", "gz", MANY)], [R], MANY),
        ([], [K], MANY),
    ),
    scenario(
        "a cut file of AWS's: known bad, then mended elsewhere",
        ([(f"x/{AWS}.log.gz", "cut", MANY)], [I], None),
        ([], [B], None),
        ([(f"y/{AWS}.log.gz", "gz", MANY)], [B, R], MANY),
        ([(f"x/{AWS}.log.gz", "gz", MANY)], [K, K], MANY),
    ),
    scenario(
        "a cut copy of AWS's object takes nothing away",
        ([(f"x/{AWS}.log.gz", "gz", MANY)], [L], MANY),
        ([(f"y/{AWS}.log.gz", "cut", MANY)], [K, F], MANY),
        ([], [K, B], MANY),
        ([(f"y/{AWS}.log.gz", "gz", MANY)], [K, K], MANY),
    ),
    scenario(
        "a copy of a cut file",
        ([("a.log.gz", "cut", MANY)], [I], None),
        ([("b.log.gz", "cut", MANY)], [B, B], None),
    ),
    scenario(
        "a damaged file whose sound copy is loaded before it is mended",
        ([("a.log.gz", "flipped", FEW)], [I], FEW),
        ([("b.log.gz", "gz", FEW)], [B, L], [*FEW, *FEW]),
        ([("a.log.gz", "gz", FEW)], [C, K], FEW),
        ([], [K, K], FEW),
    ),
    scenario(
        "two stumps without a byte of content are two problems",
        ([("a.gz", "stump", FEW), ("b.gz", "stump", FEW)], [F, F], []),
        ([], [B, B], []),
        ([("a.gz", "gz", FEW)], [R, B], FEW),
    ),
    scenario(
        "only a header line",
        ([("a.log", "plain", [])], [L], []),
        ([], [K], []),
        ([("b.log", "plain", [])], [K, C], []),
        ([("a.log", "plain", FEW)], [L, K], FEW),
    ),
    scenario(
        "foreign and empty files beside good ones",
        ([("a.log", "plain", FEW), ("b.json", '{"a": 1}', []), ("c.log", "", [])], [L, N, N], FEW),
        ([], [K, N, N], FEW),
    ),
]


def scenarios() -> Iterator[object]:
    """Every case, and those that write several files at once also with a commit after each object."""
    for name, steps in CASES:
        yield pytest.param(steps, 1_000_000, id=name)
        if any(len(files) > 1 for files, _, _ in steps):
            yield pytest.param(steps, 1, id=f"{name}, a commit per object")


@pytest.mark.parametrize(("steps", "due_records"), [*scenarios()])
def test_loads_once(
    steps: list[Step],
    due_records: int,
    tmp_path: Path,
    workspace: Workspace,
    log_text: Make,
    numbers_in: Numbers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch, "_DUE_RECORDS", due_records)
    monkeypatch.setattr(epoch, "_PATIENCE", 1)
    for files, outcomes, numbers in steps:
        for name, kind, content in files:
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(kind, log_text(content)))
        report = workspace.load([tmp_path / "in"])
        assert +report.objects == Counter(outcomes)
        assert min(report.objects.values()) >= 0
        assert len(report.problems) == sum(outcome in {I, F} for outcome in outcomes)
        if numbers is None:
            assert numbers_in(workspace) == list(MANY)[: workspace.info().records] != []
        else:
            assert numbers_in(workspace) == sorted(numbers)
        assert workspace.info().records == len(numbers_in(workspace))
    if set(outcomes) == {K}:
        assert workspace.info().incomplete_objects == 0


def replaced_loads(workspace: Workspace) -> list[dict[str, object]]:
    return (
        workspace.sql(
            "select o.load_id, o.records, n.state as state_of_new, count(d.load_id) as dead_in"
            " from loads o join loads n on o.replaced_by = n.load_id"
            " left join catalog.dead_loads d on d.load_id = o.load_id"
            " where o.state = 'replaced' group by all order by all"
        )
        .read_all()
        .to_pylist()
    )


@pytest.mark.parametrize("name", [f"{AWS}.log", "other.log"])
def test_replaced_load_is_dead_in_every_segment_that_has_it(
    name: str, tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    source = tmp_path / name
    late = 1_795_392_000 + 86_400 - 3  # three records before midnight, the others after it
    source.write_bytes(log_text(FEW, start=late))
    workspace.load([source])
    assert workspace.info().segments == 2
    source.write_bytes(log_text(range(8), start=late))
    report = workspace.load([source])
    assert report.objects == {Outcome.REPLACED: 1}
    assert replaced_loads(workspace) == [{"load_id": 1, "records": 5, "state_of_new": "live", "dead_in": 2}]
    assert numbers_in(workspace) == list(range(8))
    result = workspace.sql("select 1")
    assert result.trust is not None
    assert result.trust.records == 8


def test_touched_file_is_not_loaded_again(
    tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    source = tmp_path / "a.log"
    source.write_bytes(log_text(FEW))
    workspace.load([source])
    os.utime(source, (1, 1))
    assert workspace.load([source]).objects == {Outcome.KNOWN: 1}
    tags = workspace.sql("select version_tag from objects").read_all().column(0).to_pylist()
    assert tags == ["mtime:1000000000"]
    assert numbers_in(workspace) == list(FEW)


def test_again_loads_a_copy_once_more(
    tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(log_text(FEW))
    report = workspace.load([tmp_path / "a.log", tmp_path / "b.log"])
    assert report.objects == {Outcome.LOADED: 1, Outcome.COPY: 1}
    assert "same content as" in report.notices[0]
    assert "--again" in report.notices[0]
    shutil.copy(tmp_path / "a.log", tmp_path / "c.log")
    assert workspace.load([tmp_path / "c.log"], again=True).objects == {Outcome.LOADED: 1}
    assert numbers_in(workspace) == sorted([*FEW, *FEW])
    os.utime(tmp_path / "c.log", (1, 1))
    assert +workspace.load([tmp_path / "c.log"], again=True).objects == {Outcome.KNOWN: 1}
    assert numbers_in(workspace) == sorted([*FEW, *FEW])


def from_stdin(workspace: Workspace, content: bytes, monkeypatch: pytest.MonkeyPatch) -> LoadReport:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    return workspace.load(["-"])


def test_stdin_is_known_by_its_content(
    tmp_path: Path,
    workspace: Workspace,
    log_text: Make,
    numbers_in: Numbers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert from_stdin(workspace, log_text(FEW), monkeypatch).objects == {Outcome.LOADED: 1}
    packed = gzip.compress(log_text(FEW))
    assert from_stdin(workspace, packed, monkeypatch).objects == {Outcome.COPY: 1}
    assert from_stdin(workspace, log_text([70, 71]), monkeypatch).objects == {Outcome.LOADED: 1}
    (tmp_path / "a.log").write_bytes(log_text(FEW))
    assert workspace.load([tmp_path / "a.log"]).objects == {Outcome.COPY: 1}
    assert numbers_in(workspace) == [*FEW, 70, 71]
    names = workspace.sql("select name from loads order by load_id").read_all().column(0).to_pylist()
    assert [name[:6] for name in names] == ["stdin:", "stdin:"]
    assert names[0] != names[1]


def test_pipe_is_read_like_a_file(
    workspace: Workspace, tmp_path: Path, log_text: Make, numbers_in: Numbers
) -> None:
    for _ in range(2):
        reader, writer = os.pipe()
        os.write(writer, log_text(FEW))
        os.close(writer)
        report = workspace.load([f"/dev/fd/{reader}"])
        os.close(reader)
    assert set(report.objects) <= {Outcome.KNOWN, Outcome.COPY}
    assert numbers_in(workspace) == list(FEW)


def test_dry_run_says_what_would_happen_and_writes_nothing(
    tmp_path: Path, workspace: Workspace, log_text: Make, numbers_in: Numbers
) -> None:
    (tmp_path / "a.log").write_bytes(log_text(FEW))
    (tmp_path / "b.log").write_bytes(log_text(FEW))
    report = workspace.load([tmp_path / "a.log", tmp_path / "b.log"], dry_run=True)
    assert report.objects == {Outcome.LOADED: 1, Outcome.COPY: 1}
    assert report.records == 5
    assert not workspace.store.folder.exists()
    workspace.load([tmp_path / "a.log"])
    before = sorted(path.name for path in workspace.store.folder.rglob("*"))
    (tmp_path / "a.log").write_bytes(log_text(range(9)))
    assert workspace.load([tmp_path / "a.log"], dry_run=True).objects == {Outcome.REPLACED: 1}
    assert sorted(path.name for path in workspace.store.folder.rglob("*")) == before
    assert numbers_in(workspace) == list(FEW)
