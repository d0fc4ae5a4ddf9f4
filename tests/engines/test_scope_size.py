"""What statistics say of a scope's records is hardly ever less than there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from flowsql.engines.scope_size import about_records_of
from flowsql.window import Scope, Window
from flowsql.workspace import Workspace

HEADER = "interface-id srcaddr dstaddr start end log-status"
T = 1_700_000_000


def _line(interface: str, source: str, target: str, start: int) -> str:
    return f"{interface} {source} {target} {T + start} {T + start + 10} OK"


@contextmanager
def _catalogue(folder: Path, *, packets: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Two segments, an hour apart: few addresses in the first, too many to be listed in the second."""
    few = [_line("eni-1", "10.0.0.1", f"10.0.1.{n % 3}", n) for n in range(30)]
    many = [_line("eni-2", f"10.1.0.{n % 150}", "10.0.0.1", 3600 + n) for n in range(300)]
    name, address = (" pkt-srcaddr", " 10.8.0.1") if packets else ("", "")
    for file, lines in (("a.log", few), ("b.log", many)):
        (folder / file).write_text("\n".join([HEADER + name, *(line + address for line in lines)]))
    with Workspace(folder / "store") as workspace:
        workspace.load([folder / "a.log"])
        workspace.load([folder / "b.log"])
    with duckdb.connect() as con:
        con.execute(f"attach '{folder}/store/flowsql.duckdb' as catalog (read_only)")
        yield con


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with _catalogue(tmp_path_factory.mktemp("size"), packets=False) as con:
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


@pytest.mark.parametrize(
    ("addresses", "records"),
    [(("10.0.0.1",), 332), (("10.8.0.1",), None), (("10.0.0.1", "10.8.0.1"), None), (("192.0.2.1",), None)],
)
def test_of_addresses_that_only_packets_have_nothing_tells(
    tmp_path: Path, addresses: tuple[str, ...], records: int | None
) -> None:
    with _catalogue(tmp_path, packets=True) as con:
        assert about_records_of(con, Scope(ip=addresses), Window()) == records
