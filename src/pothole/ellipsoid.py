"""How long a degree is on the WGS84 ellipsoid: the one formula for engines' columns, arrays and numbers.

Series of the NGA ("Length of a degree of latitude and longitude"). Each caller brings its latitude in radians and its
own ``cos``. Needs nothing installed, as the cluster has no NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def latitude_m(phi: Any, cos: Callable[[Any], Any]) -> Any:
    """Length of a degree of latitude at the latitude ``phi`` (radians), metres; of the kind that ``cos`` gives."""
    return 111132.954 - 559.822 * cos(phi * 2.0) + 1.175 * cos(phi * 4.0)


def longitude_m(phi: Any, cos: Callable[[Any], Any]) -> Any:
    """Length of a degree of longitude, likewise."""
    return 111412.84 * cos(phi) - 93.5 * cos(phi * 3.0) + 0.118 * cos(phi * 5.0)
