"""The registry of features: its rows fit together, to the classifier and to the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pothole.stages.feature import Feature, Group, Need
from pothole.stages.features import FEATURES, ROWS, in_group, that_need
from pothole.stages.model import SINGLE

DETECTION = Path(__file__).parents[2] / "docs" / "detection.md"
BY_NAME = {row.name: row for row in ROWS}


@pytest.mark.both_engines
def test_a_name_is_there_once_and_every_group_has_features():
    assert len(set(FEATURES)) == len(FEATURES)
    assert {name for group in Group for name in in_group(group)} == set(FEATURES)
    assert all(in_group(group) for group in Group)


def test_the_classifier_asks_for_registered_features_alone():
    asked = {name for questions, _ in SINGLE[1] for name, _ in questions}
    assert asked <= set(FEATURES)


def test_the_documentation_counts_them():
    (count,) = re.findall(r"(\d+) numbers of the impact", DETECTION.read_text(encoding="utf-8"))
    assert int(count) == len(ROWS), "docs/detection.md, step `kind`"


@pytest.mark.both_engines
def test_what_may_be_missing_has_a_value():
    for name in that_need(Need.GYROSCOPE, Need.FORWARD):
        assert isinstance(BY_NAME[name].without(3.0), float)
    with pytest.raises(ValueError, match="f_speed"):
        BY_NAME["f_speed"].without(3.0)


def test_a_value_may_depend_on_the_peak():
    assert BY_NAME["f_tilt"].without(2.0) > BY_NAME["f_tilt"].without(4.0)
    assert Feature("f", lambda F: F.lit(0.0), (), missing=1.5).without(2.0) == 1.5


def test_the_lists_can_be_read_where_no_engine_runs():
    code = "import sys, pothole.stages.features; print('pyspark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


SAMPLES = 60
PEAK_MPS2 = 6.0


def described(engine: Any, **told: list[float]) -> dict[str, Any]:
    """An impact of samples at 50 Hz, of which only these columns are known besides jolt and shake."""
    from pothole.stages.describe import describe

    middle, trip = SAMPLES // 2, {"vehicle_id": "V", "trip_id": "T"}
    times = [at * 20 for at in range(SAMPLES)]
    jolt = [0.1] * SAMPLES
    jolt[middle : middle + 2] = [-PEAK_MPS2, 4.0]
    names = ("tilt_rate", "roll_rate", "pitch_rate", "ahead", "aside")
    usual = {"roll_around": 0.5 if "roll_rate" in told else None, "aside_around": 0.5 if "aside" in told else None}
    impact = trip | {
        "timestamp": times[middle], "peak": PEAK_MPS2, "signed_peak": -PEAK_MPS2, "scale": 0.5, "surroundings": 0.4,
        "velocity": 36.0, **usual,
    }  # fmt: skip
    jolts = pa.table({
        **{name: [value] * SAMPLES for name, value in trip.items()},
        "timestamp": times, "second": [at // 1000 for at in times], "jolt": jolt, "shake": [0.2] * SAMPLES,
        **{name: pa.array(told.get(name, [None] * SAMPLES), pa.float64()) for name in names},
    })  # fmt: skip
    impacts = pa.table({n: pa.array([v], pa.float64() if n in usual else None) for n, v in impact.items()})
    frame = describe(engine.from_arrow(impacts, "impacts"), engine.from_arrow(jolts, "jolts"))
    (row,) = engine.to_arrow(frame).to_pylist()
    return row


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({}, (Need.GYROSCOPE, Need.FORWARD)),
        ({"tilt_rate": [5.0] * SAMPLES}, (Need.FORWARD,)),
        ({"ahead": [0.1] * SAMPLES, "aside": [0.2] * SAMPLES}, (Need.GYROSCOPE,)),
    ],
    ids=["neither", "a gyroscope", "a forward axis"],
)
def test_without_what_it_needs_a_feature_has_the_value_of_its_row(engine, told, missing):
    row = described(engine, **told)
    for name in that_need(*missing):
        assert row[name] == pytest.approx(BY_NAME[name].without(PEAK_MPS2)), name


def test_with_all_that_is_needed_no_feature_has_the_value_of_its_row(engine):
    needed = ("tilt_rate", "roll_rate", "pitch_rate", "ahead", "aside")
    row = described(engine, **{name: [float(i % 7 + 1 + at % 5) for at in range(SAMPLES)]
                               for i, name in enumerate(needed)})  # fmt: skip
    for name in that_need(Need.GYROSCOPE, Need.FORWARD):
        assert row[name] is not None and row[name] != pytest.approx(BY_NAME[name].without(PEAK_MPS2)), name
