"""Metres on the WGS84 ellipsoid, as ``pothole.geo`` has them for columns of the engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pothole import ellipsoid

Array = NDArray[np.float64]


def metres_per_degree(lat: Any) -> Array:
    """Length of a degree of longitude and of latitude, metres, (..., 2) for latitudes (...) in degrees."""
    phi = np.radians(lat)
    return np.stack([ellipsoid.longitude_m(phi, np.cos), ellipsoid.latitude_m(phi, np.cos)], axis=-1)


def distances_m(starts: Array, ends: Array) -> Array:
    """Distance of points (n, 2), longitude and latitude, from others near them, metres (n,)."""
    scale = metres_per_degree((starts[:, 1] + ends[:, 1]) / 2)
    return np.asarray(np.hypot(*((ends - starts) * scale).T))
