"""Potholes, speed bumps, manholes, joints, patches and crossings: what they look like and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pothole.simulate.settings import Setting

Array = NDArray[np.float64]
WHEEL_RADIUS_M = 0.31
_EDGE_SHARE = {"pothole": 0.25, "manhole": 0.15, "joint": 0.15, "patch": 0.1}
"""How much of half the length the edge takes; what is not here is round."""
_CLEAR_M = 12.0
"""No feature nearer to a link's end."""
_CLEARANCE_M = {"speed_bump": 40.0, "pothole": 25.0, "manhole": 20.0, "joint": 20.0, "patch": 20.0, "crossing": 40.0}
_RAILS_M = 0.72
"""From one rise to the next at a level crossing: half of the gauge."""


@dataclass(frozen=True)
class Feature:
    """Something at a fixed place of a directed link. Heights in metres, negative for holes."""

    feature_id: str
    kind: str
    link: int
    offset_m: float
    height_m: float
    length_m: float
    lateral_m: float = 0.0
    """Of its middle, to the right of the lane's centre."""
    width_m: float = 6.0
    growth_m_per_day: float = 0.0
    first_day: int = 0
    last_day: int = 1 << 30
    known: bool = False
    """Whether the lake's speed-bump layer has it."""
    uneven: float = 0.0
    """Share by which it is higher under the right wheels than in its middle, and lower under the left ones."""
    skew_m: float = 0.0
    """How much later the right wheels meet it than the left ones: it does not lie square to the road."""

    def height_on(self, day: int) -> float:
        """Height on a day of the simulation; 0 before it appears and after it is repaired."""
        if not self.first_day <= day <= self.last_day:
            return 0.0
        return self.height_m + math.copysign(self.growth_m_per_day * (day - self.first_day), self.height_m)

    def shape(self, distance_m: Array, day: int) -> Array:
        """Height that a wheel follows at distances from its middle along the road.

        A wheel of radius R that rolls over a hole of length L touches both edges before it is deeper than
        R - sqrt(R^2 - (L/2)^2).
        """
        share = np.abs(distance_m) / (self.length_m / 2)
        edge = _EDGE_SHARE.get(self.kind)
        rounded = np.cos(np.pi / 2 * np.minimum(share, 1.0))
        profile = rounded if edge is None else np.clip((1 - share) / edge, 0.0, 1.0)
        if self.kind == "crossing":
            profile = np.cos(np.pi * distance_m / _RAILS_M) ** 2
        height = self.height_on(day)
        if height < 0 and self.length_m < 2 * WHEEL_RADIUS_M:
            height = max(height, math.sqrt(WHEEL_RADIUS_M**2 - (self.length_m / 2) ** 2) - WHEEL_RADIUS_M)
        return np.where(share < 1, profile, 0.0) * height

    def shapes(self, distance_m: Array, day: int) -> Array:
        """Heights that the left and the right wheel follow (2, n) at distances from its middle along the road."""
        sides = (-1.0, 1.0)
        return np.stack([(1 + s * self.uneven) * self.shape(distance_m - s * self.skew_m / 2, day) for s in sides])

    def under(self, wheel_m: Array) -> NDArray[np.bool_]:
        """Whether wheels that far right of the lane's centre roll over it; a tyre reaches 6 cm beyond its middle."""
        return np.asarray(np.abs(wheel_m - self.lateral_m) <= self.width_m / 2 + 0.06)


def draw_features(rng: np.random.Generator, setting: Setting, link: int, length_m: float) -> list[Feature]:
    """Features of a link of this length, some metres apart and away from its ends."""
    per_km = {
        "speed_bump": setting.speed_bumps_per_km,
        "pothole": setting.potholes_per_km * (1 + setting.new_pothole_share),
        "manhole": setting.manholes_per_km,
        "joint": setting.joints_per_km,
        "patch": setting.patches_per_km,
        "crossing": setting.crossings_per_km,
    }
    found: list[Feature] = []
    for kind, rate in per_km.items():
        for offset in _places(rng, rate, length_m):
            if all(abs(offset - f.offset_m) > _CLEARANCE_M[kind] for f in found):
                name = f"{kind[0].upper()}{link:05d}-{len(found)}"
                found.append(Feature(name, kind, link, offset, **_DRAW[kind](rng, setting)))
    return found


def _places(rng: np.random.Generator, per_km: float, length_m: float) -> Iterator[float]:
    room = length_m - 2 * _CLEAR_M
    if room > 0:
        yield from (_CLEAR_M + room * rng.random(rng.poisson(per_km * length_m / 1000.0))).tolist()


def _speed_bump(rng: np.random.Generator, setting: Setting) -> dict[str, Any]:
    """The Korean standard bump of 3.6 m x 10 cm and its worn kin, or a short one of rubber."""
    across: dict[str, Any] = {"known": bool(rng.random() < setting.known_bump_share)} | _askew(rng)
    if rng.random() < 0.7:
        return {"height_m": rng.uniform(0.07, 0.1), "length_m": rng.uniform(3.2, 4.0)} | across
    return {"height_m": rng.uniform(0.03, 0.055), "length_m": rng.uniform(0.4, 0.9)} | across


def _askew(rng: np.random.Generator) -> dict[str, float]:
    """What lies across the lane is worn more in one track, and hardly ever square to the road."""
    return {"uneven": float(np.clip(rng.normal(0, 0.1), -0.3, 0.3)), "skew_m": float(rng.normal(0, 0.12))}


def _pothole(rng: np.random.Generator, setting: Setting) -> dict[str, Any]:
    """A hole in one wheel track, there from the start or new, until it is repaired."""
    new = rng.random() < setting.new_pothole_share / (1 + setting.new_pothole_share)
    first = int(rng.geometric(0.1)) if new else 0
    repaired = setting.repaired_per_day
    return {
        "height_m": -rng.uniform(*setting.pothole_depth_m),
        "length_m": rng.uniform(*setting.pothole_length_m),
        "lateral_m": float(rng.choice([-0.77, 0.77]) + rng.normal(0, 0.12)),
        "width_m": rng.uniform(0.35, 0.8),
        "growth_m_per_day": rng.uniform(*setting.pothole_growth_m_per_day),
        "first_day": first,
        "last_day": first + int(rng.geometric(repaired)) - 1 if repaired > 0 else 1 << 30,
    }


def _manhole(rng: np.random.Generator, _setting: Setting) -> dict[str, Any]:
    """A cover that stands out or has sunk, anywhere across the lane."""
    lateral = float(rng.choice([-0.77, 0.77, 0.0]) + rng.normal(0, 0.2))
    height = float(rng.choice([-1, 1])) * rng.uniform(0.008, 0.025)
    return {"height_m": height, "length_m": 0.65, "lateral_m": lateral, "width_m": 0.65}


def _joint(rng: np.random.Generator, _setting: Setting) -> dict[str, Any]:
    """A joint or a seam of a patch across the lane."""
    height = float(rng.choice([-1, 1])) * rng.uniform(0.008, 0.02)
    return {"height_m": height, "length_m": rng.uniform(0.1, 0.35)} | _askew(rng)


def _patch(rng: np.random.Generator, _setting: Setting) -> dict[str, Any]:
    """Where the road was opened and closed again, settled or proud: in one wheel track or across the lane."""
    size = {
        "height_m": float(rng.choice([-1, 1])) * rng.uniform(0.004, 0.018),
        "length_m": float(np.exp(rng.uniform(np.log(0.5), np.log(4.0)))),
    }
    if rng.random() < 0.5:
        return size | _askew(rng)
    lateral = float(rng.choice([-0.77, 0.77]) + rng.normal(0, 0.2))
    return size | {"lateral_m": lateral, "width_m": rng.uniform(0.6, 1.4)}


def _crossing(rng: np.random.Generator, _setting: Setting) -> dict[str, Any]:
    """A level crossing of one track or of two, not square to the road."""
    askew = _askew(rng) | {"skew_m": float(rng.normal(0, 0.5))}
    length = _RAILS_M * float(rng.choice([3.0, 7.0]))
    return {"height_m": float(rng.choice([-1, 1])) * rng.uniform(0.004, 0.015), "length_m": length} | askew


_DRAW = {
    "speed_bump": _speed_bump,
    "pothole": _pothole,
    "manhole": _manhole,
    "joint": _joint,
    "patch": _patch,
    "crossing": _crossing,
}
