"""Metres on the WGS84 ellipsoid, as ``pothole.geo`` has them for columns of the engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def metres_per_degree(lat: Any) -> Array:
    """Length of a degree of longitude and of latitude, metres, (..., 2) for latitudes (...) in degrees.

    Series of the NGA ("Length of a degree of latitude and longitude").
    """
    phi = np.radians(lat)
    mx = 111412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi) + 0.118 * np.cos(5 * phi)
    my = 111132.954 - 559.822 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
    return np.stack([mx, my], axis=-1)


def distances_m(starts: Array, ends: Array) -> Array:
    """Distance of points (n, 2), longitude and latitude, from others near them, metres (n,)."""
    scale = metres_per_degree((starts[:, 1] + ends[:, 1]) / 2)
    return np.asarray(np.hypot(*((ends - starts) * scale).T))
