"""The program in a real terminal: what its user types, and what the screen shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

SLOW = "select count(*) from range(100000000) a, range(1000) b where (a.range * b.range) % 7 = 3;"


def test_menu_of_columns_and_values(terminal) -> None:
    screen = terminal()
    screen.type("select srca")
    screen.wait(r"^ +srcaddr +column of flows")
    screen.key("C-c")
    screen.type("select 1 from flows where action = ")
    screen.wait(r"^ +'ACCEPT' +value")
    screen.type("'REJ")
    screen.wait(r"^ +'REJECT'")
    screen.key("Tab")
    screen.wait(r"action = 'REJECT'$")
    screen.key("C-c")
    screen.type("select 1 from flows where vpc_id = '")
    screen.wait(r"^ +'vpc-0abc'")
    screen.key("C-c")
    screen.type(".ru")
    screen.wait(r"^ +\.run +run a saved query")


def test_statements_of_several_lines_and_history_across_restarts(terminal, home) -> None:
    screen = terminal()
    screen.enter("select 'first' as a,")
    screen.wait(r"^ +-> *$")
    screen.enter("  41 + 1 as b;")
    screen.wait(r"^first │ 42$")
    screen.enter("select 'second' as c;")
    screen.wait(r"^second\n(.*\n)+flowsql>$")
    screen.key("C-d")
    screen.wait_for_end()
    assert (home / "state/flowsql/history").stat().st_mode & 0o077 == 0
    again = terminal()
    again.key("C-r")
    again.type("41 +")
    again.wait(r"41 \+ 1 as b;$")
    again.key("Enter")  # takes what was found
    again.wait("reverse", gone=True)
    again.key("Enter")
    # Recalled as one, both lines of it.
    again.wait(r"^first │ 42$")
    again.type("select 's")
    again.wait(r"select 'second' as c;$")  # the suggestion


def test_ctrl_c_stops_the_query_and_clears_the_line_but_not_the_shell(terminal) -> None:
    screen = terminal()
    screen.enter("create temp table kept as select 7 as k;")
    screen.enter(SLOW)
    screen.wait(r"\d+%  \d+ s  \(Ctrl-C stops it\)")
    pressed = time.monotonic()
    screen.key("C-c")
    screen.wait(r"^interrupted\nflowsql>", within_s=30)
    elapsed = time.monotonic() - pressed
    assert elapsed < 1 or os.getloadavg()[0] > (os.cpu_count() or 1), elapsed
    assert "^C" not in screen.screen()
    screen.type("select nonsense")
    screen.wait("nonsense")
    screen.key("C-c")
    screen.enter("from kept;")
    screen.wait(r"^k\n─\n7\n(.*\n)+flowsql>$")
    screen.key("C-d")
    screen.wait_for_end()


def test_keys_pressed_during_a_statement_are_for_the_next_prompt(terminal) -> None:
    screen = terminal()
    screen.enter("select 'looked' as a;")
    screen.wait("^looked$")
    screen.enter(".watch 4s --times 2")
    screen.wait(r"^── 20\d\d.*\na\n─+\nlooked\n\(1 row\)$")
    screen.type("select 'ahead' as a;")
    shown = screen.wait(r"^flowsql> select 'ahead' as a;$")
    assert shown.count("ahead") == 1
    screen.key("Enter")
    screen.wait(r"^ahead$")


def test_pager_comes_only_when_needed(terminal) -> None:
    screen = terminal(rows=20)
    screen.enter("from range(3);")
    screen.wait(r"^\(3 rows\)")
    screen.enter("from range(500);")
    screen.wait(r"^:$")
    screen.key("G")
    screen.wait(r"499\n\(500 rows\)")
    screen.key("q")
    screen.wait(r"^flowsql>")
    screen.enter("select 'alive' as a;")
    screen.wait(r"^alive$")
    # Left before all was written: no error, and the session is free again.
    screen.enter(".maxrows all")
    screen.enter("from range(3000000);")
    screen.wait(r"^:$")
    screen.key("q")
    screen.enter("select 'still' as a;")
    screen.wait(r"^still$")
    assert "flowsql: " not in screen.screen()


def test_once_chart_why_and_toolbar(terminal, home, monkeypatch) -> None:
    monkeypatch.chdir(home)
    screen = terminal(rows=40)
    screen.enter(".once a.csv")
    screen.enter("select action, count(*) as n from flows group by all order by all;")
    screen.wait("2 rows to a.csv")
    assert Path("a.csv").read_text() == "action,n\nACCEPT,200\nREJECT,100\n"
    screen.enter(".chart")
    screen.wait(r"^ACCEPT │200 █+$")
    assert len(re.findall("█", screen.screen())) > 60
    screen.enter(".window 2026-11-23 2026-11-24")
    screen.wait(r"2026-11-23T00:00:00Z to 2026-11-24T00:00:00Z │ 300 records │ 50 % covered")
    screen.enter(".why")
    screen.wait(r"^The window and scope is all records")


def test_save_and_run(terminal, home, filled) -> None:
    screen = terminal()
    screen.enter("select dstport, count(*) as n from flows where dstport = 443 group by all order by all;")
    screen.wait(r"443 │ 150")
    screen.enter(".save one-port")
    screen.enter("How busy is a port?")
    screen.enter("dstport=443")
    screen.wait(r"saved:\s")
    screen.enter(".run one-port dstport=22")
    screen.wait(r" 22 │ 150")
    done = subprocess.run(
        [sys.executable, "-m", "flowsql.cli.main", "run", "one-port", "--store", str(filled), "--quiet"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "dstport,n\n443,150\n"
    text = (home / "config/flowsql/queries/one-port.sql").read_text()
    assert text.startswith("-- How busy is a port?\n-- needs: dstport\n-- param dstport port = 443\n")


def test_watch_shows_what_is_new(terminal, home, tmp_path, records) -> None:
    from flowsql.workspace import Workspace

    store = tmp_path / "growing"
    (tmp_path / "a.log").write_text(records(1, 300))
    with Workspace(store) as workspace:
        workspace.load([tmp_path / "a.log"])
        screen = terminal(store=store)
        screen.enter("select packets, 'x' as x from records where packets >= 299 order by all;")
        screen.wait(r"300 │ x")
        screen.enter(".watch 1s --diff")
        screen.wait(r"^── 20\d\d(.*\n)+.*299 │ x(.*\n)+^── 20\d\d.*\nnothing new$")
        (tmp_path / "b.log").write_text(records(301, 1))
        workspace.load([tmp_path / "b.log"])
    found = screen.wait(r"301 │ x\n\(1 row\)")
    assert "defect" not in found
    screen.key("C-c")
    screen.enter("select 'back' as a;")
    assert "^C" not in screen.wait(r"^back$")


def test_pasted_block_of_200_lines(terminal) -> None:
    screen = terminal(rows=24)
    rows = ",\n".join(f"  ({number}, 'no; {number}')" for number in range(198))
    screen.type(f"select sum(a) as total from (values\n{rows}\n) as t(a, b);")
    screen.wait(r"\) as t\(a, b\);$")
    screen.key("Enter")
    screen.wait(r"^19503$")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_widths(terminal, columns: int) -> None:
    screen = terminal(columns=columns, rows=40)
    screen.enter("select * from records limit 1;")
    shown = screen.wait(r"columns left out")
    assert max(map(len, shown.splitlines())) <= columns
    screen.enter("select * from records where false;")
    screen.wait(r"\(0 rows\)")
    screen.enter("select chr(27) || '[31mred' || chr(7) || chr(10) || chr(8238) || 'x' as hostile;")
    screen.wait(r"\\x1b\[31mred\\x07\\n\\u202ex")
    screen.enter("from flos;")
    screen.wait(r"^ +\^{4}$")
    screen.wait("did you mean 'flows'")


def test_resize_while_typing(terminal) -> None:
    screen = terminal(columns=120)
    screen.type("select 'something long enough to be wrapped' as first_column, 'x' as s")
    screen.resize(50, 20)
    screen.wait(r"all records")
    screen.type("econd;")
    screen.wait("econd;")
    screen.key("Enter")
    shown = screen.wait(r"\(1 row\)")
    assert max(map(len, shown.splitlines())) <= 50


def test_expanded_shows_long_values_whole(terminal) -> None:
    screen = terminal(columns=60)
    screen.enter("select repeat('ab ', 40) || 'end' as long_text \\G")
    shown = screen.wait(r"end$")
    assert "…" not in shown


def test_vi_keys_start_up_commands_and_no_color(terminal, home, monkeypatch) -> None:
    config = home / "config/flowsql/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[repl]\nkeys = "vi"\nstartup = [".timer on", "select 6 * 7 as answer;"]\n')
    before = config.read_bytes()
    monkeypatch.setenv("NO_COLOR", "1")
    screen = terminal()
    screen.wait(r"^ +42$")
    screen.type("select 1 as bbb;")
    screen.key("Escape")
    screen.type("0cwSELECT ")  # change the first word
    screen.wait(r"SELECT 1 as bbb;")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", screen.screen(colours=True))
    screen.key("Enter")
    screen.wait(r"^\d+\.\d{3} s, shown in")
    assert config.read_bytes() == before


def test_colours_follow_the_engines_tokens(terminal) -> None:
    screen = terminal()
    screen.type("select 'text', 12")
    screen.wait("'text', 12$")
    assert re.search(r"\x1b\[[0-9;]*34m[^\x1b]*select", screen.screen(colours=True))


def test_edit_opens_the_last_statement(terminal, home, monkeypatch) -> None:
    editor = home / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/old/new/ "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    screen = terminal()
    screen.enter("select 'old' as a;")
    screen.wait(r"^old$")
    screen.enter(".edit")
    screen.wait(r"^flowsql> select 'new' as a;")
    screen.key("Enter")
    screen.wait(r"^new$")


def test_loads_and_compaction_beside_the_shell(terminal, home, tmp_path, records) -> None:
    store = tmp_path / "beside"
    (tmp_path / "a.log").write_text(records(1, 300))
    load = [sys.executable, "-m", "flowsql.cli.main", "load", "--quiet", "--store", str(store)]
    subprocess.run([*load, str(tmp_path / "a.log")], check=True, timeout=60)
    screen = terminal(store=store)
    (tmp_path / "b.log").write_text(records(301, 20))
    subprocess.run([*load, str(tmp_path / "b.log")], check=True, timeout=60)
    screen.type("select count(*) as n from records;")
    screen.wait("new records: .refresh")
    screen.key("Enter")
    screen.wait(r"^300$")
    screen.enter(".refresh")
    screen.wait("320 records in the store")
    # The files that the session lists are merged into another one, and taken away.
    compact = [sys.executable, "-m", "flowsql.cli.main", "store", "compact", "--grace", "0s", "--quiet"]
    before = set(store.rglob("*.parquet"))
    subprocess.run([*compact, "--store", str(store)], check=True, timeout=60)
    assert not before & set(store.rglob("*.parquet"))
    screen.enter("select sum(packets) as total from records;")
    screen.wait(r"^files of the store were replaced meanwhile: looked at it anew(.*\n)+^51360$")


def test_low_window(terminal) -> None:
    screen = terminal(rows=7)
    screen.type("select srca")
    screen.wait(r"^flowsql> select srca\n.*srcaddr +column of flows")
    assert "too small" not in screen.screen()


def test_errors_break_between_words_and_carets_stay_below(terminal) -> None:
    screen = terminal(columns=60)
    screen.enter("select tcp_flag, interface from flows;")
    shown = screen.wait(r"\^")
    assert 'tcp_flag" not\nfound in FROM clause!\n' in shown
    (line, caret) = [
        text for text in shown.splitlines() if text.startswith("LINE 1:") or set(text.strip()) == {"^"}
    ]
    assert line[caret.index("^") :].startswith("tcp_flag")
