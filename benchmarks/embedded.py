"""The embedded engine for a benchmark's process."""

from __future__ import annotations

from pothole.engines.duckdb import DuckDBEngine


def start() -> DuckDBEngine:
    """An engine whose API is PySpark in this process: from now on the stages' modules may be imported."""
    engine = DuckDBEngine()
    engine.activate()
    return engine
