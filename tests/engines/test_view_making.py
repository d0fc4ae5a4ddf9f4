"""Views are made by several connections at once, each after all that it reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsql.engines.view_making import Making, Plan
from flowsql.views.views import LOOKED_UP, View

# Names that make tables, and names that make views.
TABLES = ["endpoints", "entrances", "health_checks", "interface_ends", "interface_roles", "legs"]
NAMES = [name for pair in zip(TABLES, ["va", "vb", "vc", "vd", "ve", "vf"], strict=True) for name in pair]


@pytest.fixture
def connections() -> Iterator[list[duckdb.DuckDBPyConnection]]:
    with duckdb.connect() as con, con.cursor() as beside:
        yield [con, beside]


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[View, bool]]:
    """Views over views above them, and whether each is to be made anew."""
    drawn = []
    for place, name in enumerate(NAMES[: draw(st.integers(2, len(NAMES)))]):
        sources = draw(st.sets(st.sampled_from(NAMES[:place]), max_size=3)) if place else set()
        selects = [f"select {place} as place", *(f"select place from {source}" for source in sorted(sources))]
        drawn.append((View(name, "", " union all ".join(selects)), draw(st.booleans())))
    return drawn


@settings(deadline=None)
@given(drawn=graphs())
def test_each_view_is_made_after_all_below_it(drawn: list[tuple[View, bool]]) -> None:
    views = [view for view, _ in drawn]
    makings = [Making(view, is_filled=True) for view, is_new in drawn if is_new]
    with duckdb.connect() as con, con.cursor() as beside:
        for view, is_new in drawn:
            there = view._replace(sql="select 0 as place where false") if is_new else view
            Making(there, is_filled=True).run(con)
        plan = Plan(makings, views)
        plan.run([con, beside])
        order = [making.view.name for making in plan.made]
        assert sorted(order) == sorted(making.view.name for making in makings)
        for place, name in enumerate(order):
            assert not _below(name, views) & set(order[place:])


def test_tables_are_those_that_are_looked_up() -> None:
    assert set(TABLES) <= LOOKED_UP


def _below(name: str, views: Sequence[View]) -> set[str]:
    sql = next(view.sql for view in views if view.name == name)
    sources = {word for word in sql.split() if word in NAMES}
    return sources.union(*(_below(source, views) for source in sources))


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_ends_all_of_them(connections: list[duckdb.DuckDBPyConnection], failing: int) -> None:
    texts = ["select 1 as place", f"select place from {NAMES[0]}", "select 2 as place"]
    texts[failing] = "select place from nowhere"
    views = [View(name, "", text) for name, text in zip(NAMES, texts, strict=False)]
    plan = Plan([Making(view, is_filled=True) for view in views], views)
    with pytest.raises(duckdb.CatalogException, match="nowhere"):
        plan.run(connections)
    made = {making.view.name for making in plan.made}
    assert made < {view.name for view in views}
    for name in made:
        assert connections[0].execute(f"from {name}").fetchall()


def test_interrupting_a_helper_is_an_error_of_the_plan(connections: list[duckdb.DuckDBPyConnection]) -> None:
    endless = "select max(a.range * b.range) as place from range(1_000_000) as a, range(1_000_000) as b"
    views = [View(name, "", endless) for name in TABLES[:2]]

    def interrupt() -> None:
        for con in connections:
            con.interrupt()

    stop = threading.Timer(0.5, interrupt)
    stop.start()
    with pytest.raises(duckdb.InterruptException):
        Plan([Making(view, is_filled=True) for view in views], views).run(connections)
    stop.join()
