"""Scripts without a terminal: statements, dot-commands, errors, and what lives as long as the shell."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "flowsql.cli.main", "repl"]


def test_statements_and_results(shell) -> None:
    code, out, err = shell.run(
        "select 1 as a;\nselect action, count(*) as n\nfrom flows group by all order by all;\n"
    )
    assert (code, out) == (0, "a\n1\naction,n\nACCEPT,200\nREJECT,100\n")
    assert err.count("300 records") == 1  # the first one asked nothing of the store
    assert "\x1b" not in out + err


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("select nope from flows;\nselect 1;", 1, r"script:1: .*nope.*\n.*Candidate.*\n.*LINE 1.*\n +\^{4}"),
        ("selct 1;", 1, r"script:1: .*selct(.*\n)+.*did you mean 'select'\?"),
        ("select f.dstprt from flows f;", 1, r"script:1: .*dstprt(.*\n)+.*did you mean 'dstport'\?"),
        ("with w as (select 1 as one) select w.oen from w;", 1, r"oen(.*\n)+.*did you mean 'one'\?"),
        ("select 1 as fine;\n\nselect *\nfrom flos;", 1, r"script:3: .*flos(.*\n)+.*did you mean 'flows'\?"),
        (".nosuch\nselect 1;", 2, r"script:1: unknown command '.nosuch'"),
        (".tabels", 2, r"did you mean '.tables'\?"),
        (".window yesterdy", 2, "yesterdy"),
        (".scope vcp=1", 2, "did you mean 'vpc'"),
        (".scope where=bytes>1", 2, "where"),
        (".run nosuch", 2, r"unknown query(.*\n)+.*`\.queries` lists them"),
        (".run flows-of-ip", 2, r"ip(.*\n)+.*\.run flows-of-ip ip="),
        (".run top top=0", 2, "top"),
        (".run top top", 2, "name=value"),
        (".format parquet", 2, "once"),
        (".maxrows many", 2, "many"),
        (".bail maybe", 2, "on nor off"),
        (".read /nonexistent.sql", 2, "/nonexistent.sql"),
        (".load /nonexistent.log", 5, "/nonexistent.log"),
        (".chart", 2, "no answer yet"),
        (".why", 2, "no answer yet"),
        (".watch", 2, "no statement"),
        (".watch 0s", 2, "1s"),
        (".explain", 2, "no statement"),
        (".edit", 2, "terminal"),
        (".between", 2, "usage: .between A B"),
        (".schema nosuch", 2, "nosuch"),
        (".once", 2, "which file"),
        (".output x.parquet", 2, "once"),
        ("select $x;", 1, r"no value for \$x"),
    ],
)
def test_a_batch_ends_at_its_first_error(shell, script: str, code: int, said: str) -> None:
    found, out, err = shell.run(script)
    assert found == code
    assert re.search(said, err), err
    assert "Traceback" not in err
    assert out in ("", "fine\n1\n")


def test_bail_off_goes_on_and_the_worst_code_stays(shell) -> None:
    code, out, _ = shell.run(".bail off\nselect nope;\nselect 1 as a;\n.nosuch\nselect 2 as b;")
    assert (code, out) == (2, "a\n1\nb\n2\n")


def test_what_statements_make_lives_as_long_as_the_shell(shell) -> None:
    code, out, _ = shell.run(
        """
        create temp table mine as select 41 as a;
        create macro more(x) as x + 1;
        set variable v = 7;
        create view counted as select count(*) as n from flows;
        .refresh
        .window 2026-11-23 2026-11-24
        .scope ip=10.0.0.1
        select more(a) as m, getvariable('v') as v, n from mine, counted;
        .scope all
        .window all
        from counted;
        """
    )
    assert code == 0
    # Every tenth record has the address; all are of one day.
    assert out == "m,v,n\n42,7,30\nn\n300\n"


def test_new_loads_are_seen_after_a_look(tmp_path, home, capsys, ran, records) -> None:
    (tmp_path / "a.log").write_text(records(1, 5))
    (tmp_path / "b.log").write_text(records(6, 5))
    count = "select count(*) as n from records;"
    with ran(tmp_path / "store") as new:
        assert new.run(count)[0] == 3  # there is no store yet
        code, out, _ = new.run(f".load {tmp_path}/a.log\ncreate temp table t as select 1 as x;\n{count}")
        assert (code, out) == (0, "n\n5\n")
        from flowsql.workspace import Workspace

        with Workspace(tmp_path / "store") as other:
            other.load([tmp_path / "b.log"])
        assert new.shell.is_stale
        assert new.run(count)[1] == "n\n5\n"
        assert new.run(f".refresh\n{count}\nfrom t;")[1] == "n\n10\nx\n1\n"


def test_between_answers_from_the_store_of_the_shell(shell) -> None:
    code, out, _ = shell.run(".between 192.0.2.1 192.0.2.2")
    assert code == 0
    assert "opener" in out
    assert shell.run(".between 192.0.2.1 192.0.2.1")[0] == 2


def test_between_is_the_commands_of_the_same_store_window_and_scope(shell) -> None:
    given: list[list[str]] = []
    shell.shell.command_line = lambda words: given.append([*words]) or 5
    shell.run(".window 2026-11-23 2026-11-24\n.scope vpc=vpc-1 vpc=vpc-2 port=443")
    assert shell.run(".between 10.0.0.1 10.0.0.2 443")[0] == 5
    (words,) = given
    assert words[:4] == ["between", "10.0.0.1", "10.0.0.2", "443"]
    options = list(zip(words[4::2], words[5::2], strict=True))
    assert set(options) == {
        ("--store", str(shell.workspace.store.folder)),
        *[("--since", "2026-11-23"), ("--until", "2026-11-24")],
        *[("--vpc", "vpc-1"), ("--vpc", "vpc-2"), ("--port", "443")],
    }


def test_saved_queries_and_why(shell) -> None:
    code, out, err = shell.run(".run rejected-by-port top=1\n.why")
    assert code == 0
    assert out.splitlines()[1].startswith("22,")
    assert "counts: " in out
    assert "300 records" in out
    assert "300 records" in err
    assert "read no records" in shell.run("select 1;\n.why")[1]


def test_output_goes_to_files_and_commands(shell, home, monkeypatch) -> None:
    monkeypatch.chdir(home)
    code, _, err = shell.run(".maxrows 2\n.once a.csv\nfrom range(5);\n.once a.csv\nselect 1;\n")
    assert code == 1
    assert "exists" in err
    assert Path("a.csv").read_text() == "range\n0\n1\n2\n3\n4\n"  # files get all rows
    code, out, _ = shell.run(
        ".once --overwrite a.json\nselect 1 as x;\n.output b.csv\nselect 2 as y;\nselect 3 as z;\n.output\nselect 4 as s;"
    )
    assert (code, out) == (0, "s\n4\n")
    assert json.loads(Path("a.json").read_text()) == [{"x": 1}]
    assert Path("b.csv").read_text() == "y\n2\nz\n3\n"
    assert shell.run(".once | tr 1 9 > c.txt\nselect 1 as x;")[0] == 0
    assert Path("c.txt").read_text() == "x\n9\n"
    assert shell.run(".once | head -1 >/dev/null\nfrom range(100000);")[0] == 0
    code, _, err = shell.run(".once | exit 3\nselect 1;")
    assert code == 1
    assert "3" in err


def test_formats_and_rows(shell) -> None:
    assert shell.run(".format json\nselect 1 as a;")[1].startswith("[")
    assert (
        shell.run(".mode auto\n.expanded on\nselect 1 as a, 'x' as bb;")[1]
        == "── row 1 ──\na  │ 1\nbb │ x\n(1 row)\n"
    )
    _, out, err = shell.run(".expanded off\n.maxrows 2\nfrom range(5);")
    assert out == "range\n0\n1\n"
    assert "first 2 rows" in err
    assert "first" not in shell.run("from range(2);")[2]
    assert shell.run("select 1 as a \\G")[1] == "── row 1 ──\na │ 1\n(1 row)\n"


def test_tables_schema_fields_help(shell) -> None:
    out = shell.run("create temp table t as select 1 as a;\n.tables")[1]
    assert {line.split(",")[0] for line in out.splitlines()} >= {"flows", "records", "rejects", "loads", "t"}
    assert "srcaddr,VARCHAR," in shell.run(".schema records")[1]
    assert "source" in shell.run("\\d flows")[1].lower()
    assert "pkt-srcaddr" in shell.run(".fields")[1]
    assert "rejected-by-port" in shell.run(".queries")[1]
    assert "parameters" in shell.run(".show top")[1]
    out = shell.run(".help")[1]
    from flowsql.repl.commands import COMMANDS

    for command in COMMANDS:
        assert f".{command.names[0]}" in out
        assert f".{command.names[0]}" in shell.run(f".help {command.names[0]}")[1]


def test_explain_is_readable(shell) -> None:
    out = shell.run("select action, sum(bytes) from records group by all;\n.explain")[1]
    assert "│" in out
    assert "\\n" not in out
    assert "group" in out.lower()
    assert "Total Time" in shell.run(".explain analyze select 1")[1]


def test_read_runs_files_and_stops_circles(shell, home) -> None:
    (home / "a.sql").write_text("select 1 as a;\n.window all\n")
    (home / "b.sql").write_text(f".read {home}/b.sql\n")
    assert shell.run(f".read {home}/a.sql")[:2] == (0, "a\n1\n")
    code, _, err = shell.run(f".read {home}/b.sql")
    assert code == 2
    assert "without end" in err


def test_batch_of_the_program(filled, home) -> None:
    script = ".window 2026-11-23 2026-11-24\nselect count(*) as n from flows;\nselect nope;\nselect 2;\n"
    done = subprocess.run(
        [*COMMAND, "--store", str(filled)],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (1, "n\n300\n")
    assert "stdin:3" in done.stderr
    assert "flowsql>" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_interrupt_of_a_batch(filled, home) -> None:
    slow = "select count(*) from range(100000000) a, range(1000) b where (a.range * b.range) % 7 = 3;\nselect 2;\n"
    process = subprocess.Popen(
        [*COMMAND, "--store", str(filled)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write("select 1;\n")
    process.stdin.write(slow)
    process.stdin.close()
    assert process.stdout
    assert process.stdout.readline() == "1\n"
    process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert process.stdout.read() == ""
    process.stdout.close()
    assert process.stderr
    process.stderr.close()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_looking_again_and_again_takes_no_more_memory(shell) -> None:
    """As often as an hour of `.watch 1s` does; the window moves, so that each look makes new views."""
    shell.run("select action, count(*) from flows group by all order by all;")
    used = {}
    for look in range(1, 3601):
        shell.shell.look({"since": str(1_795_000_000 + look)})
        shell.shell.repeat()
        if look in (300, 3600):
            used[look] = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    assert used[3600] - used[300] < 20_000_000, used


def test_text_that_is_none_is_refused(filled, home) -> None:
    done = subprocess.run(
        [*COMMAND, "--store", str(filled)],
        input=b"select '\xff';\n",
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2
    assert b"UTF-8" in done.stderr
