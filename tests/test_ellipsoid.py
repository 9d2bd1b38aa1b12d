"""The series for the length of a degree, against the ellipsoid's radii of curvature in closed form."""

from __future__ import annotations

import math

import pytest

from pothole.ellipsoid import latitude_m, longitude_m

A_M, F = 6378137.0, 1 / 298.257223563  # WGS84
E2 = F * (2 - F)


@pytest.mark.parametrize("lat", [0.0, 37.56, -45.0, 60.2, 80.0])
def test_length_of_a_degree(lat: float) -> None:
    phi = math.radians(lat)
    w = math.sqrt(1 - E2 * math.sin(phi) ** 2)
    meridian, across = A_M * (1 - E2) / w**3, A_M / w * math.cos(phi)
    assert latitude_m(phi, math.cos) == pytest.approx(math.radians(meridian), rel=1e-6)
    assert longitude_m(phi, math.cos) == pytest.approx(math.radians(across), rel=1e-5)
