"""flowsql: load the logs into a new store. Arguments: folder of logs, target folder."""

import sys

from flowsql.cli.main import main

sys.exit(main(["load", sys.argv[1], "--store", sys.argv[2], "--quiet"]))
