"""flowlogs-reader's library: every line into a FlowRecord. Arguments: folder of logs, ignored target."""

import gzip
import sys
from pathlib import Path

from flowlogs_reader import FlowRecord

records = 0
for path in sorted(Path(sys.argv[1]).rglob("*.log.gz")):
    with gzip.open(path, "rt") as lines:
        next(lines)
        for line in lines:
            FlowRecord.from_cwl_event({"message": line})
            records += 1
print(records)
