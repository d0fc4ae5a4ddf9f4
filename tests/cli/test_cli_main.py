"""Arguments in, exit codes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from flowsql import __version__
from flowsql.cli.app import app_of
from flowsql.cli.main import is_for_the_shell, options_behind_command

Flowsql = Callable[..., Any]


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("run q", "run q"),
        ("--store S run q", "run --store S q"),
        ("--store=S run q", "run --store=S q"),
        ("--quiet run q a=b", "run --quiet q a=b"),
        ("-q --since 24h run q", "run -q --since 24h q"),
        ("--store S store info", "store info --store S"),
        ("--store load load x", "load --store load x"),
        ("run q --since 24h", "run q --since 24h"),
        ("--nonsense run q", "--nonsense run q"),
        ("--version", "--version"),
    ],
)
def test_options_before_the_command_mean_the_same(typed: str, understood: str) -> None:
    root = get_command(app_of())
    assert options_behind_command(typed.split(), root) == understood.split()


@pytest.mark.parametrize(
    ("typed", "is_for_it"),
    [
        ("", True),
        ("--store S", True),
        ("--store S --since 24h -q", True),
        ("run", False),
        ("--store S run q", False),
        ("--help", False),
        ("-h", False),
        ("--version", False),
        ("--show-completion", False),
        ("nonsense", False),
    ],
)
def test_without_a_command_it_is_the_shell(typed: str, is_for_it: bool) -> None:
    assert is_for_the_shell(typed.split()) is is_for_it


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, ""),
        (["nonsense"], 2, "nonsense"),
        (["run"], 2, "flowsql run --help"),
        (["run", "q", "--sinc", "24h"], 2, "--since"),
        (["sql", "select 1", "--since", "yesterdy"], 2, "yesterdy"),
        (["sql", "select 1", "--log", "xml"], 2, "xml"),
        (["sql", "select 1", "--store", "/nonexistent/store"], 3, "flowsql load"),
        (["load", "/nonexistent.log"], 5, "/nonexistent.log"),
        (["load", "x", "--log-format", "srcaddr,dstaddr"], 2, "commas"),
        (["fields", "src-addr"], 2, "did you mean 'srcaddr'?"),
        (["queries", "traffic-sumary"], 2, "did you mean 'traffic-summary'?"),
        (["--version"], 0, ""),
        (["--help"], 0, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_exit_codes(flowsql: Flowsql, arguments: list[str], code: int, said: str) -> None:
    finished = flowsql(*arguments)
    assert finished.code == code
    assert said in finished.err
    assert "Traceback" not in finished.err


def test_version(flowsql: Flowsql) -> None:
    assert flowsql("--version").out == f"flowsql {__version__}\n"


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_start_up_imports_nothing_heavy(argument: str) -> None:
    program = (
        "import sys; from flowsql.cli.main import main; main([sys.argv[1]]);"
        "print(*{'duckdb', 'pyarrow', 'prompt_toolkit'} & {m.split('.')[0] for m in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, argument], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip() == ""
    assert done.stdout


@pytest.mark.parametrize("format_", ["csv", "json", "table"])
@pytest.mark.parametrize("command", ["sql", "repl"])
def test_closed_stdout_ends_quietly(store: Path, command: str, format_: str) -> None:
    words = ["sql", "from range(300000)", "--format", format_] if command == "sql" else ["repl"]
    process = subprocess.Popen(
        [sys.executable, "-m", "flowsql.cli.main", *words, "--store", str(store), "--quiet"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    with process.stdin, process.stdout, process.stderr:
        if command == "repl":
            process.stdin.write(f".format {format_}\nfrom range(300000);\nselect 2;\n".encode())
        process.stdin.close()
        assert process.stdout.readline()
        process.stdout.close()
        assert (process.wait(timeout=60), process.stderr.read()) == (0, b"")


def test_stderr_as_json(flowsql: Flowsql, store: Path, tmp_path: Path) -> None:
    done = flowsql("sql", "select nope from records", "--store", store, "--log", "json")
    (said,) = [json.loads(line) for line in done.err.splitlines()]
    assert said["kind"] == "error"
    assert "nope" in said["cause"]
    done = flowsql("sql", "select 1 as a", "--store", store, "--log", "json")
    assert json.loads(done.err)["records"] == 3


def test_defect_is_told_as_one(flowsql: Flowsql, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import flowsql.cli.fields as module

    def broken(name: str) -> list[object]:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(module, "find", broken)
    finished = flowsql("fields", "srcaddr")
    assert finished.code == 70
    assert "ZeroDivisionError: oops" in finished.err
    assert "report" in finished.err
    assert "Traceback" not in finished.err


def test_control_characters_of_names_do_not_reach_the_terminal(flowsql: Flowsql, tmp_path: Path) -> None:
    finished = flowsql("load", tmp_path / "a\x1b[31mb")
    assert finished.code == 5
    assert "\x1b" not in finished.err
    assert "\\x1b[31m" in finished.err


def test_interrupt_of_a_query(store: Path) -> None:
    command = [sys.executable, "-m", "flowsql.cli.main", "sql", "--store", str(store)]
    slow = "select count(*) from range(100000000) a, range(1000) b where (a.range * b.range) % 7 = 3"
    process = subprocess.Popen(
        [*command, slow], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    process.send_signal(2)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert out == ""
    assert "interrupted" in err
