"""The ablation's steps are switched off by settings that are there."""

from __future__ import annotations

import pytest
from benchmarks.ablation import GROUPS, STEPS, stage1_settings

from pothole.config import load
from pothole.stages.features import FEATURES
from pothole.stages.settings import Stage1Settings


@pytest.mark.parametrize("name", [name for name in STEPS if name != "nothing"])
def test_every_step_has_settings_of_the_configuration(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = load()
    for setting, value in STEPS[name].items():
        monkeypatch.setenv(f"POTHOLE__{setting}", value)
    assert load() != usual


def test_on_real_roads_a_step_of_stage_1_is_switched_off_alike() -> None:
    changed = stage1_settings(STEPS["a moved device begins a new mount"])
    assert changed.orient.moved_degrees == 180.0
    assert changed.detect == Stage1Settings().detect
    assert stage1_settings(STEPS["lag of GPS"]).locate.gps_lag_ms == 0.0
    assert stage1_settings(STEPS["heading in matching"]) == Stage1Settings()


def test_every_feature_is_left_out_once_and_none_is_unknown() -> None:
    assert {name for group in GROUPS.values() for name in group} == set(FEATURES)
    assert next(iter(GROUPS.items())) == ("nothing", ())
