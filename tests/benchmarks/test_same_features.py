"""What the classifier learns from, what it is asked of a day and what of recordings are the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.candidates import DAY, described
from benchmarks.staged import judged

from pothole.config import load
from pothole.lake import open_lake
from pothole.simulate.fleet import simulate
from pothole.stages.features import FEATURES
from pothole.stages.settings import Stage1Settings
from pothole.tables import RAW
from tests.same_rows import close

KEY = ("vehicle_id", "trip_id", "timestamp")
pytestmark = pytest.mark.slow


def fleet(folder: Path, **how: Any) -> Path:
    simulate(folder, trips=3, vehicle_count=2, seed=11, start_date=DAY, **how)
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet without broken rows: a recording passes no gate."""
    return fleet(tmp_path_factory.mktemp("clean") / "lake", broken_share=0.0)


def asked(engine: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> pa.Table:
    """What Stage 1's run gives to the classifier's first model."""
    from pothole.stages import classify, stage1

    seen = []
    judge = classify.kind_shares

    def spy(frame: Any, model: Any, features: Any) -> Any:
        seen.append(engine.to_arrow(frame))
        return judge(frame, model, features)

    monkeypatch.setattr(classify, "kind_shares", spy)
    lake = open_lake(str(folder))
    raw = engine.read_parquet([f.path for f in lake.check_raw(DAY.isoformat()).files], RAW.columns, source_file=True)
    bumps = engine.from_arrow(lake.bumps(), "bumps")
    limits = load(environ={}).day_limits_ms(DAY.isoformat())
    stage1.run(raw, bumps, *limits, Stage1Settings(), keep=engine.keep)
    engine.forget()
    (table,) = seen
    return table


def different(a: pa.Table, b: pa.Table, columns: tuple[str, ...]) -> list[str]:
    """Columns whose values differ, of the same impacts."""
    one, other = (t.select([*KEY, *columns]).sort_by([(k, "ascending") for k in KEY]).to_pydict() for t in (a, b))
    assert [one[k] for k in KEY] == [other[k] for k in KEY]
    assert len(one["timestamp"]) > 20
    return [c for c in columns if not all(map(close, one[c], other[c]))]


def test_training_and_running_see_the_same_features(engine, tmp_path, monkeypatch):
    folder = fleet(tmp_path / "lake", broken_share=0.01)
    running = asked(engine, folder, monkeypatch)
    learnt, _ = described(engine, folder)
    assert different(running, learnt, (*FEATURES, "known")) == []
    assert True in running["known"].to_pylist()


def test_recordings_are_scored_by_the_same_features(engine, clean, monkeypatch):
    running = asked(engine, clean, monkeypatch)
    files = sorted((clean / "raw-sensor-data" / f"dt={DAY}").glob("*.parquet"))
    raw = pa.concat_tables([pq.read_table(f, columns=list(RAW.names), partitioning=None) for f in files])
    assert different(running, judged(raw, running=engine), FEATURES) == []
