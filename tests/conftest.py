"""What all tests share: the folder of samples beside the checkout, and the rule on skips."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from flowsql.workspace import Workspace

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"
ABSENT = "the folder ../shared is absent"
_DEFAULT_HEADER = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
    " action log-status\n"
)

# Nothing here is about power cuts, so no test need wait until its files are on a disk: they lie in memory.
_MEMORY, _ROOM = Path("/dev/shm"), 2 * 1024**3
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None  # pytest has asked for the folder before

# Machines are shared: how long an example takes says nothing about it.
settings.register_profile("flowsql", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("flowsql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help=f"fail when a test is skipped, unless {ABSENT}")


class _Skips:
    """Collects the reasons of skipped tests; with --no-skips they fail the run."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.reasons.append(f"{report.nodeid}: {report.longrepr[-1]}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.reasons.append(f"{report.nodeid}: {report.longrepr[-1]}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        bad = [reason for reason in self.reasons if ABSENT not in reason]
        if bad and session.config.getoption("--no-skips"):
            print("\nskipped, which --no-skips does not allow:", *bad, sep="\n  ")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Skips())


def pytest_collection_finish() -> None:
    # What is there now stays to the end; to look for garbage in it again and again takes a third of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


@pytest.fixture(scope="session", autouse=True)
def _blank_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Makes a store with its views: those that come after are copies of it."""
    Workspace(tmp_path_factory.mktemp("blank") / "store").store.create()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(ABSENT)
    return SHARED


@pytest.fixture(scope="session")
def log_text() -> Callable[..., bytes]:
    """Makes the content of a log object in the default format.

    Its records are told apart by their numbers, `numbers`, which stand in `packets`; each starts a second
    after the one before, from `start` on.
    """

    def make(numbers: Iterable[int], *, start: int = 1_795_392_000, header: bool = True) -> bytes:
        lines = [
            f"2 123456789012 eni-0a1b2c3d4e5f60718 10.0.{i >> 8 & 255}.{i & 255} 10.9.0.1"
            f" {1024 + i % 60_000} 443 6 {i} {i * 40} {start + n} {start + n + 59} ACCEPT OK\n"
            for n, i in enumerate(numbers)
        ]
        return "".join([_DEFAULT_HEADER, *lines] if header else lines).encode()

    return make


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace whose store does not exist yet."""
    return Workspace(tmp_path / "store", queries=tmp_path / "queries")


@pytest.fixture
def numbers_in() -> Callable[[Workspace], list[int]]:
    """Reads the numbers of all records of a store back, in order, each as often as it is there."""

    def read(workspace: Workspace) -> list[int]:
        table = workspace.sql("select packets from records order by packets").read_all()
        return [int(number) for number in table.column("packets").to_pylist()]

    return read
