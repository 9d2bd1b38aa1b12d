"""The numbers by which a pothole is told from a speed bump, a joint, a manhole or a hand: a row each.

A pothole is short, goes down first and usually takes one wheel (roll); a bump is long (length = duration x speed),
goes up first and tilts the vehicle about pitch (Carlos et al. 2018; Eriksson et al. 2008).

All lists of features follow from ``ROWS``: what the classifier is given, what the fit shows of a device without a
forward axis, what the ablation leaves out, by what recordings are judged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pothole.stages.feature import Feature, Functions, Group, Need

if TYPE_CHECKING:
    from pyspark.sql import Column


def _over(F: Functions, name: str, usual: str, floor: float) -> Column:
    return F.col(name) / F.greatest(F.col(usual), F.lit(floor))


def _stands_out(F: Functions, name: str, usual: str, floor: float) -> Column:
    return F.log(_over(F, name, usual, floor))


def _of_peak(F: Functions, name: str) -> Column:
    return F.col(name) / F.col("peak")


def _log_at_least(F: Functions, name: str, floor: float) -> Column:
    return F.log(F.greatest(F.col(name), F.lit(floor)))


def _share(F: Functions, a: str, b: str) -> Column:
    one, other = F.col(a) * F.col(a), F.col(b) * F.col(b)
    return one / F.greatest(one + other, F.lit(1e-9))


def _seconds(F: Functions, first_ms: str, then_ms: str) -> Column:
    return (F.col(then_ms) - F.col(first_ms)) / F.lit(1000.0)


def _rate(F: Functions) -> Column:
    span_ms = F.greatest(F.col("span_ms"), F.lit(1))
    return F.log((F.col("samples") - F.lit(1)) * F.lit(1000.0) / span_ms + F.lit(1.0))


def _down_share(F: Functions) -> Column:
    return (F.lit(0.0) - F.col("jolt_min")) / (F.col("jolt_max") - F.col("jolt_min"))


def _tilt(F: Functions) -> Column:
    return F.log(F.coalesce(F.col("tilt_max"), F.lit(_TILT_DPS)) / F.col("peak") + F.lit(_FLOOR))


_FLOOR = 0.1  # of turn rates, in deg/s or in deg/s over m/s2
_TILT_DPS = 1.0  # without a gyroscope
_NO_RATIO, _NO_SHARE = -3.0, -1.0
_GYROSCOPE, _FORWARD, _SPEED = (frozenset({need}) for need in (Need.GYROSCOPE, Need.FORWARD, Need.SPEED))
_ROLL = _GYROSCOPE | _FORWARD
_G = Group

ROWS = (
    Feature("f_peak", lambda F: F.log(F.col("peak")), (_G.STRENGTH,)),
    Feature("f_ratio", lambda F: F.log(F.col("peak") / F.col("scale")), (_G.SCALE,)),
    Feature("f_local_ratio", lambda F: _stands_out(F, "peak", "surroundings", 0.1), (_G.AROUND,)),
    Feature("f_duration", lambda F: F.log(F.col("duration_ms") / F.lit(1000.0) + F.lit(0.02)), (_G.LENGTH,)),
    Feature("f_speed", lambda F: F.log(F.col("velocity") / F.lit(3.6)), (_G.SPEED,), _SPEED),
    Feature("f_rate", _rate, (_G.RATE,)),
    Feature("f_down_share", _down_share, (_G.DIRECTION,)),
    Feature("f_down_first", lambda F: _seconds(F, "low_ms", "high_ms"), (_G.DIRECTION,)),
    Feature("f_nose_down_first", lambda F: _seconds(F, "nose_down_ms", "nose_up_ms"), (_G.ROLL, _G.DIRECTION),
            _ROLL, 0.0),
    Feature("f_opposite", lambda F: _of_peak(F, "opposite"), (_G.DIRECTION,), missing=0.0),
    Feature("f_share_before", lambda F: F.col("share_before"), (_G.LENGTH,)),
    Feature("f_share_core", lambda F: F.col("share_core"), (_G.LENGTH,)),
    Feature("f_shake", lambda F: _over(F, "shake_rms", "jolt_rms", 0.01), (_G.SHAKE,)),
    Feature("f_shake_max", lambda F: _of_peak(F, "shake_max"), (_G.SHAKE,)),
    Feature("f_tilt", _tilt, (_G.TILT,), _GYROSCOPE, lambda peak: math.log(_TILT_DPS / peak + _FLOOR)),
    Feature("f_tilt_rms", lambda F: _over(F, "tilt_rms", "tilt_max", 0.01), (_G.TILT,), _GYROSCOPE, 0.0),
    Feature("f_roll", lambda F: F.log(_of_peak(F, "roll_max") + F.lit(_FLOOR)), (_G.ROLL,), _ROLL, math.log(_FLOOR)),
    Feature("f_roll_share", lambda F: _share(F, "roll_rms", "pitch_rms"), (_G.ROLL,), _ROLL, _NO_SHARE),
    Feature("f_roll_peak_share", lambda F: _share(F, "roll_max", "pitch_max"), (_G.ROLL,), _ROLL, _NO_SHARE),
    Feature("f_roll_ratio", lambda F: _stands_out(F, "roll_max", "roll_around", _FLOOR), (_G.ROLL,), _ROLL, _NO_RATIO),
    Feature("f_roll_around", lambda F: _log_at_least(F, "roll_around", _FLOOR), (_G.ROLL,), _ROLL, math.log(_FLOOR)),
    Feature("f_aside_share", lambda F: _share(F, "aside_rms", "ahead_rms"), (_G.ASIDE,), _FORWARD, _NO_SHARE),
    Feature("f_aside", lambda F: _of_peak(F, "aside_max"), (_G.ASIDE,), _FORWARD, _NO_SHARE),
    Feature("f_aside_ratio", lambda F: _stands_out(F, "aside_max", "aside_around", 0.03), (_G.ASIDE,),
            _FORWARD, _NO_RATIO),
    Feature("f_core_ratio", lambda F: _stands_out(F, "jolt_core", "surroundings", 0.1), (_G.AROUND, _G.CORE),
            missing=_NO_RATIO),
    Feature("f_roll_core_ratio", lambda F: _stands_out(F, "roll_rate_core", "roll_around", _FLOOR), (_G.ROLL, _G.CORE),
            _ROLL, _NO_RATIO),
    Feature("f_aside_core_ratio", lambda F: _stands_out(F, "aside_core", "aside_around", 0.03), (_G.ASIDE, _G.CORE),
            _FORWARD, _NO_RATIO),
    Feature("f_surroundings", lambda F: _log_at_least(F, "surroundings", 0.05), (_G.AROUND,)),
)  # fmt: skip
"""A new feature is a row here (and a measure in ``describe``, if it needs one); then ``make fit``."""

FEATURES = tuple(row.name for row in ROWS)
"""The columns' names, in the order in which the classifier is fitted."""


def derived(F: Functions) -> dict[str, Column]:
    """All features by name, as columns of impacts with their measures (``describe``)."""
    return {row.name: row.column(F) for row in ROWS}


def in_group(group: Group) -> tuple[str, ...]:
    """Names of a group's features."""
    return tuple(row.name for row in ROWS if group in row.groups)


def that_need(*needs: Need) -> tuple[str, ...]:
    """Names of the features that need any of these."""
    return tuple(row.name for row in ROWS if not row.needs.isdisjoint(needs))
