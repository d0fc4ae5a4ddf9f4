"""The names and values that completion offers, read beside the typing, never during it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from flowsql.errors import FlowsqlError

if TYPE_CHECKING:
    from flowsql.engines.duckdb_engine import Session
    from flowsql.library.search_path import Library
    from flowsql.store.catalog import Catalog

# relation -> (kind, its columns and their SQL types, in order)
Relations = Mapping[str, tuple[str, list[tuple[str, str]]]]
# Of a column so many values are offered, the most frequent ones.
_MOST_VALUES = 2_000
# The catalogue has all views with all columns, a session only what statements read.
_RELATIONS = """
select relations.name, kind, column_name, data_type, relations.database_name
from (
    select view_name as name, 'view' as kind, database_name, schema_name
    from duckdb_views()
    where not internal
    union all
    select table_name, case when temporary then 'temporary table' else 'table' end, database_name, schema_name
    from duckdb_tables()
    where not internal
) as relations
join duckdb_columns() as columns
    on columns.table_name = relations.name
    and columns.database_name = relations.database_name
    and columns.schema_name = relations.schema_name
where relations.database_name <> 'catalog' or relations.kind = 'view'
order by
    relations.name not in ('flows', 'records'), relations.name,
    relations.database_name <> 'catalog', relations.database_name, column_index
"""
_FUNCTIONS = """
select function_name, min(case when database_name in ('memory', 'catalog', 'temp') then 0 else 1 end) as rank
from duckdb_functions()
where regexp_full_match(function_name, '[a-z][a-z0-9_]*') and not starts_with(function_name, '__')
group by all
order by rank, function_name
"""
_KEYWORDS = "select keyword_name from duckdb_keywords() order by keyword_category desc, keyword_name"
_VALUES = f"""
select column_name, list(value order by records desc, value)[1:{_MOST_VALUES}]
from (
    select column_name, value, sum(records) as records from catalog.segment_values group by all
    union all
    select 'protocol_name', catalog.main.protocol_name(cast(value as integer)), sum(records)
    from catalog.segment_values
    where column_name = 'protocol'
    group by all
)
group by all
"""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What can be completed: relations, functions, keywords, values of columns, saved queries."""

    relations: Relations = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    values: Mapping[str, list[str]] = field(default_factory=dict)
    library: Library | None = None


def read_relations(session: Session) -> Relations:
    """The tables and views that the session's SQL can name, with their columns. Raises QueryError."""
    relations: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    found_in: dict[str, str] = {}
    for name, kind, column, data_type, database in session.rows(_RELATIONS):
        if found_in.setdefault(name, database) == database:
            relations.setdefault(name, (kind, []))[1].append((column, data_type))
    return relations


def read_values(catalog: Catalog) -> dict[str, list[str]]:
    """The values of each column of `records`, most frequent first, as counted when they were loaded.

    Raises StoreError.
    """
    from flowsql.store.catalog import engine_connection

    con = engine_connection()
    try:
        con.execute("set threads = 1")
        catalog.attach(con)
        return dict(con.execute(_VALUES).fetchall())
    finally:
        con.close()


class Names:
    """Keeps a Vocabulary that follows the session and the store, by a thread of its own.

    `session` gives the session, which is used only with `lock` held.
    """

    def __init__(
        self,
        session: Callable[[], Session],
        catalog: Catalog,
        library: Callable[[], Library],
        lock: threading.Lock,
    ) -> None:
        self.vocabulary = Vocabulary()
        # Called from the thread when there is something new to be seen.
        self.on_read: Callable[[], None] = lambda: None
        self._session, self._catalog, self._library, self._lock = session, catalog, library, lock
        self._wanted = threading.Event()
        self._wanted.set()
        self._thread: threading.Thread | None = None

    def expire(self) -> None:
        """The names are to be read again when `catch_up` is called next."""
        self._wanted.set()

    def catch_up(self) -> None:
        """Begins to read what has changed, if something may have; returns at once."""
        if self._wanted.is_set() and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Returns when the reading that has begun is done."""
        if self._thread:
            self._thread.join(timeout_s)

    def _read(self) -> None:
        while self._wanted.is_set():
            self._wanted.clear()
            # A store that is missing or damaged is told about when it is asked, not while someone types.
            with contextlib.suppress(FlowsqlError):
                library = self._library()
                library.all()  # read here and now, not at the key that needs it
                self.vocabulary = replace(self.vocabulary, library=library)
            with contextlib.suppress(FlowsqlError):
                self._read_session()
            with contextlib.suppress(FlowsqlError):
                self.vocabulary = replace(self.vocabulary, values=read_values(self._catalog))
            self.on_read()

    def _read_session(self) -> None:
        with self._lock:
            session = self._session()
            is_all = not session.options.window.is_bounded and session.options.scope.is_empty
            if is_all and session.counted is None:
                session.count()  # from the catalogue alone: so the toolbar knows it
            relations = read_relations(session)
            functions = tuple(name for name, _ in session.rows(_FUNCTIONS))
            keywords = self.vocabulary.keywords or tuple(name for (name,) in session.rows(_KEYWORDS))
        self.vocabulary = replace(
            self.vocabulary, relations=relations, functions=functions, keywords=keywords
        )
