"""What statistics say of a scope's records is never less than there are, but for packet addresses."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from flowsql.engines.scope_size import about_records_of
from flowsql.window import Scope, Window
from flowsql.workspace import Workspace

HEADER = "interface-id srcaddr dstaddr start end log-status pkt-srcaddr\n"
T = 1_700_000_000


def _line(interface: str, source: str, target: str, start: int) -> str:
    return f"{interface} {source} {target} {T + start} {T + start + 10} OK {source}\n"


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Two segments, an hour apart: few addresses in the first, too many to be listed in the second."""
    folder = tmp_path_factory.mktemp("size")
    few = [_line("eni-1", "10.0.0.1", f"10.0.1.{n % 3}", n) for n in range(30)]
    many = [_line("eni-2", f"10.1.0.{n % 150}", "10.0.0.1", 3600 + n) for n in range(300)]
    (folder / "a.log").write_text(HEADER + "".join(few))
    (folder / "b.log").write_text(HEADER + "".join(many))
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "a.log"])
        workspace.load([folder / "b.log"])
    with duckdb.connect() as con:
        con.execute(f"attach '{folder}/store/flowsql.duckdb' as catalog (read_only)")
        yield con


@pytest.mark.parametrize(
    ("scope", "window", "records"),
    [
        (Scope(interface=("eni-1",)), Window(), 30),
        (Scope(interface=("eni-1", "eni-2")), Window(), 330),
        (Scope(interface=("eni-3",)), Window(), 0),
        (Scope(interface=("eni-1", "eni-2")), Window(T + 3600, None), 300),
        (Scope(interface=("eni-1", "eni-2")), Window(None, T + 3600), 30),
        (Scope(ip=("10.0.0.1",)), Window(), 30 + 300 + 2),
        (Scope(ip=("10.0.1.2", "10.0.1.9")), Window(None, T + 3600), 10),
        (Scope(ip=("10.1.0.7",)), Window(T + 3600, None), 2),
        (Scope(ip=("192.0.2.1", "192.0.2.2")), Window(), 4),
        (Scope(interface=("eni-1",), ip=("10.0.1.2",)), Window(), 30),
        (Scope(port=(443,)), Window(), None),
        (Scope(), Window(), None),
    ],
    ids=str,
)
def test_about_records(
    con: duckdb.DuckDBPyConnection, scope: Scope, window: Window, records: int | None
) -> None:
    assert about_records_of(con, scope, window) == records
