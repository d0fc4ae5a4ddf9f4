"""flowsql answers questions about AWS VPC Flow Logs with SQL.

import flowsql

with flowsql.connect("my-store") as workspace:
    workspace.load(["logs/"])
    table = workspace.sql("select srcaddr, count(*) from flows group by all").read_all()
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsql.errors import FlowsqlError

if TYPE_CHECKING:
    from flowsql.result import Result
    from flowsql.workspace import Workspace, connect

__version__ = "0.1.0"
__all__ = ["FlowsqlError", "Result", "Workspace", "__version__", "connect"]


def __getattr__(name: str) -> object:
    # `flowsql --version` and `--help` must not wait for DuckDB and Arrow.
    if name in ("Workspace", "connect"):
        from flowsql import workspace

        return getattr(workspace, name)
    if name == "Result":
        from flowsql.result import Result

        return Result
    raise AttributeError(f"module 'flowsql' has no attribute {name!r}")
