"""What is fitted of roads: the line to IRI has the smallest error in m/km."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.tune_condition import felt_depth_m, line


def test_a_line_without_error_is_found():
    level = np.linspace(-1.5, 0.5, 30)
    assert line(level, np.exp(2.0 + 0.9 * level)) == pytest.approx((2.0, 0.9, 0.0), abs=1e-9)


def test_no_other_line_has_a_smaller_error_in_metres_per_km():
    rng = np.random.default_rng(5)
    level = rng.uniform(-1.5, 0.5, 400)
    iri = np.exp(2.0 + 0.9 * level + rng.normal(0, 0.3, 400))
    offset, slope, error = line(level, iri)
    for other in ((0.01, 0.0), (-0.01, 0.0), (0.0, 0.02), (0.0, -0.02)):
        assert np.sqrt(np.mean((np.exp(offset + other[0] + (slope + other[1]) * level) - iri) ** 2)) > error


def test_a_wheel_does_not_reach_the_bottom_of_a_short_hole():
    depth, length = np.array([0.08, 0.08, 0.02, 0.08]), np.array([0.3, 1.0, 0.3, 0.62])
    assert felt_depth_m(depth, length) == pytest.approx([0.31 - (0.31**2 - 0.15**2) ** 0.5, 0.08, 0.02, 0.08])
