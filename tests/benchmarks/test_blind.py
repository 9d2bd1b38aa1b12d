"""Copies of impacts as a device tells them that lacks a gyroscope or the vehicle's forward axis."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.blind import BLIND_SHARE, with_blind

from pothole.stages.feature import Need
from pothole.stages.features import FEATURES, that_need


def test_some_are_shown_once_more_without_an_axis_and_half_of_those_without_a_gyroscope():
    impacts, causes = np.random.default_rng(1).normal(2.0, 0.1, (500, len(FEATURES))), np.arange(500) % 3
    shown, shown_causes = with_blind(impacts, causes)
    assert np.array_equal(shown[:500], impacts) and np.array_equal(shown_causes[:500], causes)
    blind = shown[500:]
    assert len(blind) == pytest.approx(500 * BLIND_SHARE, rel=0.3)
    at = FEATURES.index
    assert set(blind[:, at("f_roll_ratio")]) == set(blind[:, at("f_aside_ratio")]) == {-3.0}
    mute = blind[:, at("f_tilt_rms")] == 0.0
    assert mute.tolist() == [i % 2 == 0 for i in range(len(blind))]
    assert blind[0, at("f_tilt")] == pytest.approx(np.log(1.0 / np.exp(blind[0, at("f_peak")]) + 0.1))
    kept = [at(name) for name in FEATURES if name not in that_need(Need.GYROSCOPE, Need.FORWARD)]
    assert (blind[:, kept] > 1.0).all()
    assert (impacts > 1.0).all(), "what was given stays as it was"
