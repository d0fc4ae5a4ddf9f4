"""chdb (ClickHouse in process): the logs into a MergeTree table. Arguments: folder of logs, target folder."""

import sys
from pathlib import Path

from chdb.session import Session

logs, target = Path(sys.argv[1]), Path(sys.argv[2])
session = Session(str(target))
session.query("create database if not exists bench engine = Atomic")
session.query(
    """
    create table bench.records (
        version Nullable(Int32), account_id LowCardinality(Nullable(String)),
        interface_id LowCardinality(Nullable(String)), srcaddr Nullable(String), dstaddr Nullable(String),
        srcport Nullable(Int32), dstport Nullable(Int32), protocol Nullable(Int32), packets Nullable(Int64),
        bytes Nullable(Int64), start Int64, end Nullable(Int64), action LowCardinality(Nullable(String)),
        log_status LowCardinality(Nullable(String))
    ) engine = MergeTree order by start
    """
)
INT32, INT64, TEXT = "toInt32OrNull({})", "toInt64OrNull({})", "{}"
VALUES = [INT32, *[TEXT] * 4, *[INT32] * 3, *[INT64] * 2, f"assumeNotNull({INT64})", INT64, TEXT, TEXT]
FIELDS = ", ".join(value.format(f"nullIf(v[{i}], '-')") for i, value in enumerate(VALUES, start=1))
pattern = str(logs / "**" / "*.log.gz")
session.query(
    f"insert into bench.records select {FIELDS} from (select splitByChar(' ', line) as v"
    f" from file('{pattern}', 'LineAsString') where not startsWith(line, 'version'))"
)
print(session.query("select count() from bench.records"))
