"""What declarations say of themselves, and what is counted where a stage says nothing."""

from __future__ import annotations

import pytest

from pothole.stages.stage import Before, Dated, Found, Stage, rows_written, table_of
from pothole.tables import IMPACTS, POTHOLES, RAW, SEGMENTS


@pytest.mark.both_engines
def test_all_rows_that_are_written_are_counted(frame):
    assert rows_written({IMPACTS: frame(a=[1, 2]), POTHOLES: frame(b=["x"])}) == {"rows": 3}
    assert [table_of(of) for of in (IMPACTS, Before(POTHOLES), Dated(SEGMENTS, "day"))] == [IMPACTS, POTHOLES, SEGMENTS]


def test_a_stage_is_told_and_run_by_its_outputs_names():
    stage = Stage("stage9", (Before(RAW),), (IMPACTS, POTHOLES), lambda given: Found({}))
    assert (stage.program, stage.reads_raw) == ("stage1_anomaly_detected.py", False)
    assert stage.doing == "stage9: stage1_anomaly_detected, stage2_spatial_clustering"
    given = Stage("stage9", (RAW,), (IMPACTS,), lambda given: Found({}), program="a.py", doing="at it")
    assert (given.program, given.reads_raw, given.doing) == ("a.py", True, "at it")
