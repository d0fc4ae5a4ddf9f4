"""pyarrow.compute, imported when a function of it is first used: small results do without its 30 ms.

from flowsql.output import compute as pc
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import pyarrow.compute

    return getattr(pyarrow.compute, name)
