"""Described impacts of simulated fleets with what really lay under the wheels: what the classifier learns from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pothole import engines
from pothole.config import load
from pothole.evaluate import nearest_first, read_truth
from pothole.lake import open_lake
from pothole.roads import bundled
from pothole.simulate.fleet import simulate
from pothole.simulate.settings import SETTINGS
from pothole.tables import RAW

DAY = date(2026, 2, 12)
CAUSES = ("pothole", "bump", "other")
TRIPS = 300


@dataclass(frozen=True)
class Wanted:
    """A fleet to simulate: in a made-up town or on Helsinki's streets; the odd seeds make half of the trips."""

    setting: str
    seed: int
    streets: bool = False

    @property
    def name(self) -> str:
        """For a file."""
        return f"{self.setting}-{self.seed}{'-streets' if self.streets else ''}"

    def drive(self, lake: Path, trips: int) -> None:
        """Simulate its day into a lake."""
        roads = bundled() if self.streets else None
        simulate(lake, trips=trips, seed=self.seed, start_date=DAY, setting=SETTINGS[self.setting], roads=roads)

    @property
    def trips(self) -> int:
        """How many trips: other passes are scarce in half of the fleets."""
        return TRIPS // 2 if self.seed % 2 else TRIPS


@dataclass(frozen=True)
class Fleet:
    """A fleet's impacts with features and ``known``, its traversals, and the index in ``CAUSES`` of each impact.

    The cause is -1 for a second impact of one event.
    """

    impacts: pa.Table
    traversals: pa.Table
    causes: np.ndarray

    def features(self, names: Iterable[str]) -> np.ndarray:
        """Some columns of the impacts side by side."""
        return np.stack([self.impacts[name].to_numpy() for name in names], 1)


def fleets(engine: engines.Engine, wanted: Iterable[Wanted], cache: Path | None = None) -> list[Fleet]:
    """The fleets, simulated and looked at by Stage 1 up to the classifier; ``cache`` is a folder that keeps them."""
    return [_cached(engine, one, cache) for one in wanted]


def _cached(engine: engines.Engine, wanted: Wanted, cache: Path | None) -> Fleet:
    paths = [cache / f"{wanted.name}.{part}.parquet" for part in ("impacts", "traversals")] if cache else []
    if paths and all(p.exists() for p in paths):
        impacts, traversals = (pq.read_table(p) for p in paths)
        return Fleet(impacts.drop_columns(["cause"]), traversals, impacts["cause"].to_numpy())
    fleet = labelled(engine, wanted)
    if paths:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(fleet.impacts.append_column("cause", pa.array(fleet.causes)), paths[0])
        pq.write_table(fleet.traversals, paths[1])
    return fleet


def labelled(engine: engines.Engine, wanted: Wanted) -> Fleet:
    """Simulate and describe a fleet."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lake"
        wanted.drive(out, wanted.trips)
        impacts, traversals = described(engine, out)
        events, _ = read_truth(out.with_name("lake.truth"), DAY.isoformat())
    return Fleet(impacts, traversals, causes(impacts, events))


def described(engine: engines.Engine, lake_folder: Path) -> tuple[pa.Table, pa.Table]:
    """Stage 1 up to the classifier: one row an impact, with features, ``known`` and an id; and its traversals."""
    from pothole.stages import chain, corroborate
    from pothole.stages.settings import Stage1Settings

    lake = open_lake(str(lake_folder))
    raw = engine.read_parquet([f.path for f in lake.check_raw(DAY.isoformat()).files], RAW.columns, source_file=True)
    bumps = engine.from_arrow(lake.bumps(), "bumps")
    gate = chain.Gate(*load(environ={}).day_limits_ms(DAY.isoformat()))  # as a run: other days' rows tell of no road
    found = chain.described(raw, bumps, Stage1Settings(), gate, engine.keep)
    table, traversals = engine.to_arrow(found.impacts), engine.to_arrow(found.traversals)
    engine.forget()
    ids = pa.array([str(i) for i in range(table.num_rows)])
    return table.append_column("impact_id", ids), traversals.select(corroborate.TRAVERSED)


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
