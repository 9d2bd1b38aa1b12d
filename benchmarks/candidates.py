"""Described impacts of simulated fleets with what really lay under the wheels: what the classifier learns from."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from pothole import engines
from pothole.evaluate import nearest_first, read_truth
from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.simulate.settings import SETTINGS
from pothole.tables import RAW

DAY = date(2026, 2, 12)
CAUSES = ("pothole", "bump", "other")


def described(engine: engines.Engine, lake_folder: Path) -> pa.Table:
    """Stage 1 up to the classifier: one row an impact, with features and ``known``."""
    from pothole.stages import classify, detect, features, locate, motion, orient, quality, stage1  # noqa: F401
    from pothole.stages.settings import Stage1Settings

    lake, settings = open_lake(str(lake_folder)), Stage1Settings()
    raw = engine.read_parquet([f.path for f in lake.check_raw(DAY.isoformat()).files], RAW.columns, source_file=True)
    good, _ = quality.inspect(raw, 0, 2**45, settings.quality, unique=False, keep=engine.keep)
    samples = engine.keep(good)
    seconds = engine.keep(motion.with_course(motion.per_second(samples)))
    strong = engine.keep(
        detect.with_strength(samples, engine.keep(orient.orient(seconds, settings.orient, engine.keep)))
    )
    impacts = stage1.described_impacts(samples, strong, settings, engine.keep)
    known = locate.known_structures(impacts, engine.from_arrow(lake.bumps(), "bumps"), settings.locate)
    table = engine.to_arrow(known)
    engine.forget()
    return table


def labelled(engine: engines.Engine, seed: int, setting: str, trips: int) -> tuple[pa.Table, np.ndarray]:
    """Impacts of a simulated fleet and the index in ``CAUSES`` of each; -1 for a second impact of one event."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lake"
        simulate(out, trips=trips, seed=seed, start_date=DAY, setting=SETTINGS[setting])
        table = described(engine, out)
        events, _ = read_truth(out.with_name("lake.truth"), DAY.isoformat())
    return table, causes(table, events)


def causes(table: pa.Table, events: pa.Table) -> np.ndarray:
    """What caused each impact: events within a second, each once, nearest first."""
    result = np.full(table.num_rows, CAUSES.index("other"))
    keys = [list(zip(t["vehicle_id"].to_pylist(), t["trip_id"].to_pylist(), strict=True)) for t in (table, events)]
    rows = [_grouped(k) for k in keys]
    at, when = (t["timestamp"].to_numpy().astype(float) for t in (table, events))
    kinds = events["kind"].to_pylist()
    for key, mine in rows[0].items():
        theirs = rows[1].get(key, [])
        apart = np.abs(at[mine][:, None] - when[theirs][None, :])
        result[np.array(mine)[(apart <= 1000).any(1)]] = -1
        for i, j in nearest_first(apart, 1000.0):
            result[mine[i]] = CAUSES.index(kinds[theirs[j]])
    return result


def _grouped(keys: list[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    groups: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(keys):
        groups.setdefault(key, []).append(i)
    return groups
