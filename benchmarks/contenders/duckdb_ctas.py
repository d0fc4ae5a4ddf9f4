"""Hand-written DuckDB: the logs into a native table, typed as flowsql types them.

Arguments: folder of logs, target folder.
"""

import gzip
import sys
from pathlib import Path

import duckdb

from flowsql.logformat.format_string import field_named

logs, target = Path(sys.argv[1]), Path(sys.argv[2])
target.mkdir(parents=True)
TYPES = {"int32": "INTEGER", "int64": "BIGINT", "string": "VARCHAR"}

files = sorted(map(str, logs.rglob("*.log.gz")))
with gzip.open(files[0], "rt") as first:
    names = first.readline().split()
columns = {name.replace("-", "_"): TYPES[field_named(name).type] for name in names}
con = duckdb.connect(str(target / "logs.duckdb"))
con.execute(
    f"create table records as select * from read_csv({files}, columns={columns}, delim=' ', header=true,"
    " nullstr='-', quote='', escape='', auto_detect=false)"
)
con.execute("checkpoint")
con.close()
