"""Stage 2 as a whole, as it is declared."""

from __future__ import annotations

import pytest

from pothole.stages.settings import Stage1Settings, Stage2Settings
from pothole.stages.stage import Given
from pothole.tables import CONDITION, IMPACTS, POTHOLES, SEGMENTS, TRAVERSALS


@pytest.mark.both_engines
def test_a_day_without_impacts_and_roads_gives_no_rows_and_counts_none(engine):
    stage = engine.module("pothole.stages.house").STAGE2
    given = Given(
        inputs={table: engine.empty(table.columns) for table in (IMPACTS, TRAVERSALS)},
        layers={SEGMENTS: engine.empty(SEGMENTS.columns)},
        date="2026-02-12",
        settings=Stage2Settings(),
        others={"stage1": Stage1Settings()},
        keep=engine.keep,
    )
    found = stage.run(given)
    written = {table: engine.hold(frame) for table, frame in found.outputs.items()}
    for table in (POTHOLES, CONDITION):
        rows = engine.to_arrow(written[table])
        assert (rows.num_rows, tuple(rows.column_names)) == (0, table.names)
    assert found.count(written) == dict.fromkeys(stage.counts, 0)
