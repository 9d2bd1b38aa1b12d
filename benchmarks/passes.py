"""What the other passes over a place say of an impact: their strongest jolt near by, without any label."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from benchmarks.detectors.trip import Array
from benchmarks.staged import METRES_PER_DEGREE

REACH_M = 15.0
WEIGHT = 0.3


def corroborated(impacts: pa.Table, energy: Array, weight: float = WEIGHT, reach_m: float = REACH_M) -> Array:
    """Log energy plus ``weight`` times the mean log energy of each other trip's strongest impact within reach.

    A trip with nothing near by counts with its median: it passed there, or elsewhere, and felt nothing unusual.
    """
    log = np.log(np.maximum(energy, 0.01))
    trip = np.array(impacts["trip_id"].to_pylist())
    lon, lat = impacts["lon"].to_numpy(), impacts["lat"].to_numpy()
    east, north = lon * METRES_PER_DEGREE * np.cos(np.radians(lat.mean())), lat * METRES_PER_DEGREE
    others = np.zeros((len(log), 0))
    for other in np.unique(trip):
        there = trip == other
        near = np.hypot(east[:, None] - east[there], north[:, None] - north[there]) <= reach_m
        strongest = np.where(near, log[there], -np.inf).max(1)
        told = np.where(np.isfinite(strongest), strongest, np.median(log[there]))
        others = np.hstack([others, np.where(there, np.nan, told)[:, None]])
    return np.asarray(log + weight * np.nanmean(others, axis=1))
