"""Whether a road network can be what it says: columns filled, degrees in range and in order, near the data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pothole.arrow import schema_of
from pothole.errors import BadInputError
from pothole.roads.metric import distances_m, metres_per_degree
from pothole.tables import SEGMENTS

Array = NDArray[np.float64]
_LONGEST_M = 55.0
_FARTHEST_KM = 5.0
_SHARED_DEG = 2e-7
"""How far apart (2 cm) the end of a segment and the start of the next may be written."""
_START, _END = ("start_lon", "start_lat"), ("end_lon", "end_lat")
_CUT = "`pothole roads build` makes a network of directed stretches"


def lengths_m(segments: pa.Table) -> Array:
    """Length of every segment, metres."""
    return distances_m(_points(segments, _START), _points(segments, _END))


def check_segments(segments: pa.Table, source: str) -> None:
    """BadInputError unless the rows are those of ``tables.SEGMENTS``.

    All columns with their types, no null and no doubled id, degrees that are possible, no segment without length or
    longer than 55 m, and links whose segments are numbered 0, 1, 2, ... and follow upon each other. No rows are fine.
    """
    _check_columns(segments, source)
    _check_ids(segments, source)
    _check_degrees(segments, source)
    _check_lengths(segments, source)
    _check_links(segments, source)


def _check_columns(segments: pa.Table, source: str) -> None:
    for wanted in schema_of(SEGMENTS):
        column = SEGMENTS.column(wanted.name)
        if wanted.name not in segments.column_names:
            found = ", ".join(segments.column_names)
            raise BadInputError(f"{source}: column {wanted.name} is missing; found {found}", hint=_CUT)
        values = segments[wanted.name]
        if values.type != wanted.type:
            raise BadInputError(f"{source}: column {wanted.name} is {values.type}, expected {wanted.type}", hint=_CUT)
        if values.null_count and not column.nullable:
            raise BadInputError(f"{source}: {values.null_count} rows have no {wanted.name}", hint="fill or remove them")


def _check_ids(segments: pa.Table, source: str) -> None:
    counts = pc.value_counts(segments["s_id"])
    doubled = counts.filter(pc.greater(counts.field("counts"), 1))
    if len(doubled):
        first = doubled[0].as_py()
        raise BadInputError(
            f"{source}: s_id {first['values']} stands in {first['counts']} rows", hint="ids must be unique"
        )


def _check_degrees(segments: pa.Table, source: str) -> None:
    points = np.concatenate([_points(segments, _START), _points(segments, _END)])
    if not np.isfinite(points).all():
        raise BadInputError(f"{source}: coordinates that are not finite numbers", hint="fill or remove these rows")
    if len(points) and (np.abs(points) > (180, 90)).any():
        swapped = (np.abs(points[:, ::-1]) <= (180, 90)).all()
        (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
        raise BadInputError(
            f"{source}: coordinates outside the world: lon {west:.6g} to {east:.6g}, lat {south:.6g} to {north:.6g}",
            hint="lon and lat look reversed" if swapped else f"expected degrees of WGS84; {_CUT} from metres as well",
        )


def _check_lengths(segments: pa.Table, source: str) -> None:
    lengths = lengths_m(segments)
    if not len(lengths):
        return
    longest, shortest = int(lengths.argmax()), int(lengths.argmin())
    if lengths[longest] > _LONGEST_M:
        name = segments["s_id"][longest].as_py()
        raise BadInputError(
            f"{source}: segment {name} is {lengths[longest]:.0f} m long, expected at most 50 m", hint=_CUT
        )
    if lengths[shortest] == 0:
        raise BadInputError(f"{source}: segment {segments['s_id'][shortest].as_py()} has no length", hint=_CUT)


def _check_links(segments: pa.Table, source: str) -> None:
    """Segments of a link are 0, 1, 2, ... and each starts where the one before ends; the order of rows is free."""
    rows = segments.take(pc.sort_indices(segments, sort_keys=[("link_id", "ascending"), ("seq", "ascending")]))
    links, seq = rows["link_id"].combine_chunks(), rows["seq"].to_numpy()
    same = np.zeros(len(seq), dtype=bool)
    same[1:] = pc.equal(links[1:], links[:-1]).to_numpy(zero_copy_only=False)
    wrong = seq != np.where(same, np.roll(seq, 1) + 1, 0)
    if wrong.any():
        row = int(wrong.argmax())
        expected = int(seq[row - 1]) + 1 if same[row] else 0
        raise BadInputError(f"{source}: link {links[row]} has seq {seq[row]} where {expected} is expected", hint=_CUT)
    apart = np.abs(_points(rows, _START) - np.roll(_points(rows, _END), 1, axis=0)).max(axis=1, initial=0) > _SHARED_DEG
    if (apart & same).any():
        row = int((apart & same).argmax())
        raise BadInputError(
            f"{source}: segment {rows['s_id'][row]} does not start where segment {rows['s_id'][row - 1]} ends",
            hint=_CUT,
        )


def _points(segments: pa.Table, columns: tuple[str, str]) -> Array:
    return np.stack([segments[c].to_numpy() for c in columns], axis=1)


def check_near(segments: pa.Table, box: tuple[float, float, float, float]) -> None:
    """BadInputError when the network lies nowhere near the data's west, east, south, north (degrees)."""
    if segments.num_rows == 0:
        return
    west, east, south, north = box
    lon, lat = (west + east) / 2, (south + north) / 2
    reach = _FARTHEST_KM + _half_diagonal_km(box)
    distance = _distance_km(segments, lon, lat)
    if distance <= reach:
        return
    hint = "check that the road network is that of the fleet's region"
    if _distance_km(segments, lat, lon) <= reach:
        hint = "lon and lat look reversed in one of the two"
    raise BadInputError(
        f"the road network lies {distance:,.0f} km away from the data (around {lon:.3f}, {lat:.3f})", hint=hint
    )


def _distance_km(segments: pa.Table, lon: float, lat: float) -> float:
    """From a point to the nearest segment start, kilometres on a great circle (haversine)."""
    starts, place = np.radians(_points(segments, _START)), np.radians([lon, lat])
    half = np.sin((starts - place) / 2) ** 2
    a = half[:, 1] + np.cos(starts[:, 1]) * np.cos(place[1]) * half[:, 0]
    return float(2 * 6371.0088 * np.arcsin(np.sqrt(np.clip(a, 0, 1))).min())


def _half_diagonal_km(box: tuple[float, float, float, float]) -> float:
    west, east, south, north = box
    return float(np.hypot(*(np.array([east - west, north - south]) * metres_per_degree(south))) / 2000)
