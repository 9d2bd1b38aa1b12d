"""Turns a vehicle fleet's sensor data into a repair list for roads, day by day.

For Python (docs/python.md): ``open_lake``, ``run_day``, ``run_stage`` and ``read``. They are imported when they are
asked for, since this package also runs where there is PySpark alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pothole.analysis import Dataset, read, run_day, run_stage
    from pothole.lake import Lake, open_lake

__version__ = "0.1.0"
__all__ = ["Dataset", "Lake", "open_lake", "read", "run_day", "run_stage"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pothole' has no attribute {name!r}")
    from pothole import analysis, lake

    return getattr(lake if name in ("Lake", "open_lake") else analysis, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
