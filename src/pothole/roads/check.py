"""Whether a road network can be what it says: columns filled, degrees in range and in order, near the data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pothole.errors import BadInputError

Array = NDArray[np.float64]
_LONGEST_M = 60.0
_FARTHEST_KM = 5.0
_ENDS = ("start_lon", "start_lat", "end_lon", "end_lat")


def lengths_m(segments: pa.Table) -> Array:
    """Length of every segment, metres."""
    lon0, lat0, lon1, lat1 = (segments[c].to_numpy() for c in _ENDS)
    phi = np.radians((lat0 + lat1) / 2)
    my = 111132.954 - 559.822 * np.cos(2 * phi) + 1.175 * np.cos(4 * phi)
    mx = 111412.84 * np.cos(phi) - 93.5 * np.cos(3 * phi) + 0.118 * np.cos(5 * phi)
    return np.asarray(np.hypot((lon1 - lon0) * mx, (lat1 - lat0) * my))


def check_segments(segments: pa.Table, source: str) -> None:
    """BadInputError for empty or doubled ids, coordinates outside the world, segments that are too long."""
    for name in ("s_id", "link_id", "seq", *_ENDS):
        if segments[name].null_count:
            raise BadInputError(
                f"{source}: {segments[name].null_count} rows have no {name}", hint="fill or remove them"
            )
    counts = pc.value_counts(segments["s_id"])
    doubled = [c["values"] for c in counts.to_pylist() if c["counts"] > 1]
    if doubled:
        raise BadInputError(f"{source}: s_id {doubled[0]} stands in more than one row", hint="ids must be unique")
    lon = np.concatenate([segments[c].to_numpy() for c in ("start_lon", "end_lon")])
    lat = np.concatenate([segments[c].to_numpy() for c in ("start_lat", "end_lat")])
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise BadInputError(f"{source}: coordinates that are not finite numbers")
    if (np.abs(lat) > 90).any() or (np.abs(lon) > 180).any():
        swapped = (np.abs(lon) <= 90).all() and (np.abs(lat) <= 180).all()
        hint = (
            "lon and lat look reversed" if swapped else "expected degrees of WGS84; metres need `pothole roads build`"
        )
        raise BadInputError(f"{source}: coordinates outside the world (lat up to {np.abs(lat).max():.1f})", hint=hint)
    lengths = lengths_m(segments)
    if len(lengths) and lengths.max() > _LONGEST_M:
        worst = int(lengths.argmax())
        raise BadInputError(
            f"{source}: segment {segments['s_id'][worst].as_py()} is {lengths[worst]:.0f} m long, at most 50 m are expected",
            hint="`pothole roads build` cuts a network into stretches",
        )


def check_near(segments: pa.Table, box: tuple[float, float, float, float]) -> None:
    """BadInputError when the network lies nowhere near the data's west, east, south, north (degrees)."""
    if segments.num_rows == 0:
        return
    west, east, south, north = box
    lon, lat = ((west + east) / 2, (south + north) / 2)
    distance = _distance_km(segments, lon, lat)
    if distance <= _FARTHEST_KM + _half_diagonal_km(box):
        return
    hint = "check that the road network is that of the fleet's region"
    if _distance_km(segments, lat, lon) <= _FARTHEST_KM + _half_diagonal_km(box):
        hint = "lon and lat look reversed in one of the two"
    raise BadInputError(
        f"the road network lies {distance:,.0f} km away from the data (around {lon:.3f}, {lat:.3f})", hint=hint
    )


def _distance_km(segments: pa.Table, lon: float, lat: float) -> float:
    """From a point to the nearest segment start, kilometres."""
    dx = (segments["start_lon"].to_numpy() - lon) * 111.32 * np.cos(np.radians(np.clip(lat, -89, 89)))
    dy = (segments["start_lat"].to_numpy() - lat) * 110.57
    return float(np.hypot(dx, dy).min())


def _half_diagonal_km(box: tuple[float, float, float, float]) -> float:
    west, east, south, north = box
    return float(np.hypot((east - west) * 111.32 * np.cos(np.radians(south)), (north - south) * 110.57) / 2)
