"""The index of a ledger finds what a scan of all loads finds."""

from __future__ import annotations

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from flowsql.store.ledger import HEAD_BYTES, _Index

KEYS = st.sampled_from(["", "a", "sha256:ä", "s3://b/\U0001f30d"]) | st.text(max_size=20)
LOADS = st.tuples(KEYS, KEYS, KEYS, KEYS, st.sampled_from([0, 1, HEAD_BYTES, HEAD_BYTES + 1]), st.booleans())


@given(st.lists(LOADS, max_size=20), st.lists(KEYS, min_size=1, max_size=5))
def test_loads_are_found_by_their_keys(
    rows: list[tuple[str, str, str, str, int, bool]], keys: list[str]
) -> None:
    columns = ["identity", "name", "head_sha256", "content_hash", "content_bytes", "state"]
    loads = pa.table(
        {
            "load_id": pa.array(range(len(rows)), pa.int64()),
            **{
                name: pa.array([row[i] for row in rows], pa.int64() if i == 4 else pa.string())
                for i, name in enumerate(columns[:5])
            },
            "state": pa.array(["incomplete" if row[5] else "live" for row in rows], pa.string()),
        }
    )
    with duckdb.connect() as con:
        con.register("loads", loads)
        found = _Index(con, "loads").load_ids(keys)
    assert found == [
        number
        for number, (identity, name, head, content, size, is_incomplete) in enumerate(rows)
        if identity in keys
        or head in keys
        or (is_incomplete and name in keys)
        or (1 <= size <= HEAD_BYTES and content in keys)
    ]
