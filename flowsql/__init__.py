"""flowsql answers questions about AWS VPC Flow Logs with SQL.

import flowsql

with flowsql.connect("my-store") as workspace:
    workspace.load(["logs/"])
    table = workspace.sql("select srcaddr, count(*) from flows group by all").read_all()
"""

__version__ = "0.1.0"
