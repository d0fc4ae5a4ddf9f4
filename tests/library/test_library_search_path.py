from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowsql.errors import LibraryError
from flowsql.library import search_path
from flowsql.library.header import read_query
from flowsql.library.search_path import built_in_folder, find_library, user_folder


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def question(text: str) -> str:
    return f"-- {text}\nselect 1"


def aliased(text: str, alias: str) -> str:
    return f"-- {text}\n-- param by one of a|b = a\n-- alias: {alias}\nselect $by"


def test_the_first_folder_with_the_name_wins(tmp_path: Path) -> None:
    project = write(tmp_path / "project", {"x-own.sql": question("project's")})
    user = write(tmp_path / "user", {"t/x-own.sql": question("user's"), "t/x-more.sql": question("more")})
    library = find_library(project, user)
    assert library.get("x-own")[0].question == "project's"
    assert library.get("x-more")[0].topic == "t"


def test_topics_sort_the_list(tmp_path: Path) -> None:
    names = ["zz/x-a.sql", "x-c.sql", "aa/bb/x-d.sql", "aa/x-b.sql"]
    user = write(tmp_path, {name: question("Q?") for name in names})
    own = [(q.topic, q.name) for q in find_library(None, user).all() if q.path.is_relative_to(user)]
    assert own == [("", "x-c"), ("aa", "x-b"), ("aa/bb", "x-d"), ("zz", "x-a")]


def test_an_alias_sets_parameters(tmp_path: Path) -> None:
    user = write(tmp_path, {"x-top.sql": aliased("Q?", "x-top-b by=b")})
    library = find_library(None, user)
    assert library.get("x-top")[1] == {}
    query, preset = library.get("x-top-b")
    assert (query.name, preset) == ("x-top", {"by": "b"})
    assert [q.name for q in library.all() if q.name.startswith("x-")] == ["x-top"]


@pytest.mark.parametrize(
    ("project", "user", "expected"),
    [
        (question("name"), aliased("alias", "x-q"), "name"),
        (aliased("alias", "x-q"), question("name"), "alias"),
    ],
    ids=["name before alias", "alias before name"],
)
def test_between_folders_an_alias_is_a_name(tmp_path: Path, project: str, user: str, expected: str) -> None:
    def file_name(text: str) -> str:
        return "x-other.sql" if "alias:" in text else "x-q.sql"

    folders = [
        write(tmp_path / "project", {file_name(project): project}),
        write(tmp_path / "user", {file_name(user): user}),
    ]
    library = find_library(*folders)
    assert library.get("x-q")[0].question == expected
    assert library.problems() == []


@pytest.mark.parametrize(
    "files",
    [
        {"a/x-q.sql": question("one"), "b/x-q.sql": question("two")},
        {"x-q.sql": question("one"), "x-two.sql": aliased("two", "x-q")},
        {"x-one.sql": aliased("one", "x-q"), "x-two.sql": aliased("two", "x-q")},
        {"a/x-q.sql": question("one"), "b/x-q.sql": "broken"},
    ],
    ids=["two files", "file and alias", "two aliases", "one is broken"],
)
def test_a_name_twice_in_one_folder(tmp_path: Path, files: dict[str, str]) -> None:
    library = find_library(None, write(tmp_path, {**files, "x-good.sql": question("fine")}))
    with pytest.raises(LibraryError, match="2 queries of one folder") as caught:
        library.get("x-q")
    assert all(str(tmp_path / name) in caught.value.cause for name in files)
    assert library.get("x-good")[0].question == "fine"
    assert len(library.problems()) == 1


def test_a_broken_file_spoils_only_its_own_name(tmp_path: Path) -> None:
    project = write(
        tmp_path / "project", {"x-bad.sql": "-- Q?\n-- nedes: bytes\nselect 1", "x-good.sql": question("Q?")}
    )
    user = write(tmp_path / "user", {"x-bad.sql": question("would answer something else")})
    library = find_library(project, user)
    assert library.get("x-good")[0].name == "x-good"
    with pytest.raises(LibraryError, match=r"x-bad\.sql:2: unknown header key 'nedes'"):
        library.get("x-bad")
    assert [str(problem.where) for problem in library.problems()] == [f"{project / 'x-bad.sql'}:2"]
    assert "x-bad" not in [query.name for query in library.all()]


def test_unknown_names(tmp_path: Path) -> None:
    library = find_library(None, write(tmp_path, {"x-top-peers.sql": question("Q?")}))
    with pytest.raises(LibraryError, match="unknown query 'x-top-pers'") as caught:
        library.get("x-top-pers")
    assert caught.value.remedy == "did you mean 'x-top-peers'?"
    with pytest.raises(LibraryError) as caught:
        library.get("0")
    assert "flowsql queries" in caught.value.remedy


def test_files_that_are_no_queries(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".x-hidden.sql": "",
            ".git/x-old.sql": "",
            "x-notes.md": "",
            "x-folder.sql/x-in.sql": question("Q?"),
        },
    )
    library = find_library(None, tmp_path)
    assert library.problems() == []
    assert [q.name for q in library.all() if q.name.startswith("x-")] == ["x-in"]


def test_one_folder_given_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "queries", {"x-q.sql": question("Q?")})
    monkeypatch.chdir(tmp_path)
    library = find_library(Path("queries"), tmp_path / "queries")
    assert library.get("x-q")[0].path == Path("queries/x-q.sql")


def test_folders_that_do_not_exist(tmp_path: Path) -> None:
    built_in = find_library(None, None)
    assert find_library(tmp_path / "none", tmp_path / "neither").names.keys() == built_in.names.keys()


def test_the_built_in_folder_is_found() -> None:
    assert built_in_folder().name == "queries"
    assert built_in_folder().is_dir()


@pytest.mark.parametrize(
    ("configured", "expected"),
    [("/etc/own", "/etc/own"), ("", "/home/x/.config"), ("relative", "/home/x/.config")],
    ids=["set", "empty", "relative"],
)
def test_the_users_folder(configured: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    monkeypatch.setenv("XDG_CONFIG_HOME", configured)
    assert user_folder() == Path(expected, "flowsql", "queries")


def test_one_name_is_found_as_among_all(tmp_path: Path) -> None:
    project = write(
        tmp_path / "project",
        {
            "x-a.sql": aliased("A?", "x-c by=b"),
            "x-c.sql": question("Same name as an alias?"),
            "x-bad.sql": "select 1",
        },
    )
    user = write(
        tmp_path / "user",
        {
            "x-bad.sql": question("Hidden?"),
            "sub/x-d.sql": aliased("D?", "x-e by=a"),
            "x-g.sql": "-- G?\n-- alias:\n--   x-h\nselect 1",
            "x-f.sql": "-- What of x-e?\nfrom x",
        },
    )
    library = find_library(project, user)
    assert {name for name in library.names if name.startswith("x-")} == {
        f"x-{n}" for n in [*"acdefgh", "bad"]
    }
    for name, found in library.names.items():
        fresh = find_library(project, user)
        if isinstance(found, LibraryError):
            with pytest.raises(LibraryError, match=re.escape(str(found))):
                fresh.get(name)
        else:
            query, preset = fresh.get(name)
            assert (query.path, preset) == (found.query.path, found.preset)


def test_to_get_one_query_others_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(
        search_path, "read_query", lambda path, topic: read.append(path) or read_query(path, topic=topic)
    )
    library = find_library(write(tmp_path, {"x-a.sql": question("A?"), "x-b.sql": question("B?")}), None)
    library.get("x-a")
    assert read == [tmp_path / "x-a.sql"]
