"""Reads a store over and over for some seconds, and says how that went.

    read_process.py STORE SECONDS SIZE

Each read opens the store anew, and every third goes on with the catalogue of the read before, as a long query
would. Objects have SIZE records each, in loads of their own. Prints a line of JSON: the number of reads, the
longest of them in seconds, and what was wrong with any.
"""

from __future__ import annotations

import json
import sys
import time

from flowsql.engines.duckdb_engine import Session
from flowsql.errors import FlowsqlError
from flowsql.query_options import QueryOptions
from flowsql.workspace import connect

SQL = "select load_id, count(*) as n, count(distinct packets) as numbers from records group by load_id"


def read(session: Session, size: int) -> str:
    """What is wrong with what the session sees; '' if nothing is."""
    (statement,) = session.statements(SQL)
    rows = session.execute(statement, {}).read_all().to_pylist()
    wrong = [row for row in rows if (row["n"], row["numbers"]) != (size, size)]
    return f"{len(wrong)} loads not whole, such as {wrong[0]}" if wrong else ""


def main(store: str, seconds: str, size: str) -> None:
    catalog, options = connect(store).store.catalog, QueryOptions.parse()
    end = time.monotonic() + float(seconds)
    reads, longest, wrong = 0, 0.0, ""
    old: Session | None = None
    while time.monotonic() < end and not wrong:
        begun = time.monotonic()
        try:
            session = old if old and reads % 3 == 0 else Session(catalog, options)
            wrong = read(session, int(size))
        except FlowsqlError as error:
            wrong = str(error)
        longest = max(longest, time.monotonic() - begun)
        if old and old is not session:
            old.close()
        old = session
        reads += 1
    print(json.dumps({"reads": reads, "longest_s": round(longest, 3), "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
