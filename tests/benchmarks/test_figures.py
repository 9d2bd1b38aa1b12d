"""What `make figures` computes from counts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.figures import calibration, calibration_error, fast_vehicles, rank_correlation


def test_confidence_that_means_what_it_says_has_no_error():
    rows = calibration(np.array([0.25] * 4 + [0.95] * 20), np.array([1, 0, 0, 0] + [1] * 19 + [0], bool))
    assert rows == [(0.25, 0.25, 4), (pytest.approx(0.95), 0.95, 20)]
    assert calibration_error(rows) == pytest.approx(0.0)


def test_the_error_is_the_gap_weighted_by_counts():
    rows = calibration(np.array([1.0] * 3 + [0.05]), np.array([True, True, False, True]))
    assert calibration_error(rows) == pytest.approx((3 * (1 - 2 / 3) + 1 * 0.95) / 4)


def test_ranks_of_equal_values_are_their_mean():
    assert rank_correlation([(1, 10), (2, 100), (3, 1000)]) == pytest.approx(1.0)
    assert rank_correlation([(1, 3), (2, 2), (3, 1)]) == pytest.approx(-1.0)
    assert rank_correlation([(1, 1), (1, 1), (2, 1), (2, 2)]) == pytest.approx(1 / 3**0.5)


def test_a_slow_device_is_told_by_its_samples_a_second():
    seconds = pa.table({"vehicle_id": ["slow"] * 3 + ["fast"] * 2, "sample_count": [10, 9, 10, 25, 24]})
    assert fast_vehicles(seconds) == {"fast"}
