"""Configuration: layers, their sources, and errors that name the key."""

from __future__ import annotations

import math
import re
from dataclasses import asdict

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pothole import config
from pothole.errors import ConfigError, UserError
from pothole.settings import flatten


def test_environment_wins_over_file_over_default(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("stage1:\n  detect:\n    start_scales: 5\n    start_surroundings: 3\n")
    loaded = config.load(file, {"POTHOLE__STAGE1__DETECT__START_SCALES": "6.5"})
    detect = loaded.settings.stage1.detect
    assert (detect.start_scales, detect.start_surroundings, detect.apart_ms) == (6.5, 3.0, 600)
    sources = {key: source for key, _, source, _ in config.rows(loaded)}
    assert sources["stage1.detect.start_scales"].startswith("environment variable")
    assert sources["stage1.detect.start_surroundings"] == str(file)
    assert sources["stage1.detect.apart_ms"] == "default"


def test_every_key_says_what_it_means():
    assert [key for key, _, _, meaning in config.rows(config.load(None, {})) if not meaning] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stage1: {detect: {start_scale: 5}}", ["start_scale", "did you mean stage1.detect.start_scales"]),
        ("stage1: {detect: {start_scales: high}}", ["stage1.detect.start_scales", "'high'", "number"]),
        ("timezone: Asia/Soul", ["Asia/Soul", "Asia/Seoul"]),
        ("stage1: 5", ["stage1 is a section"]),
        ("- a list", ["holds a list"]),
        ("a: [1", ["not valid YAML"]),
    ],
)
def test_mistakes_are_named(tmp_path, text, words):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        config.load(file, {})
    assert all(word in str(error.value) for word in words), str(error.value)


RANGES = dict(config.ranges(config.Settings))


def test_every_number_has_a_range_and_every_default_lies_in_it():
    for key, value, _, _ in config.rows(config.load(None, {})):
        if isinstance(value, int | float):
            assert RANGES[key].holds(value), key
    assert {"engine.threads", "engine.memory_gb"} < RANGES.keys()


def outside(allowed):
    """Numbers around and beyond a range's ends, and those that are not finite."""
    ends = [end for end in (allowed.low, allowed.high) if math.isfinite(end)]
    near = [end + step for end in ends for step in (-1e9, -1, -0.01, 0, 0.01, 1, 1e9)]
    return [value for value in [*near, math.inf, -math.inf, math.nan] if not allowed.holds(value)]


@pytest.mark.parametrize("key", RANGES)
def test_a_value_outside_its_range_is_refused_with_the_key(key):
    whole = isinstance(dict(flatten(asdict(config.Settings())))[key], int) or key == "engine.threads"
    values = [v for v in outside(RANGES[key]) if not whole or v == v // 1]
    assert values
    for value in values:
        name = f"POTHOLE__{key.upper().replace('.', '__')}"
        text = str(int(value)) if whole else yaml.safe_dump(value).split()[0]
        with pytest.raises(ConfigError, match=rf"environment variable {name}: {re.escape(key)} is .*, expected"):
            config.load(None, {name: text})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ENGINE__THREADS", "0", "1 or more"),
        ("STAGE2__EVIDENCE__SEVERITY_QUANTILE", "75", "0 to 1"),
        ("STAGE1__DETECT__APART_MS", "0", "1 or more"),
        ("LOCK_TTL_SECONDS", "-5", "1 or more"),
        ("STAGE2__CLUSTER__GAP_M", "0", "more than 0"),
        ("STAGE2__EVIDENCE__NOISE_HIT_RATE", "1", "0 to 1, these two excluded"),
        ("STAGE2__CONDITION__IRI_SLOPE", ".nan", "a finite number"),
    ],
)
def test_the_range_is_told(name, value, expected):
    with pytest.raises(ConfigError, match=f"expected {expected}") as error:
        config.load(None, {f"POTHOLE__{name}": value})
    assert "config show" in error.value.hint


def test_unknown_environment_key_is_an_error():
    with pytest.raises(ConfigError, match="POTHOLE__NO__SUCH"):
        config.load(None, {"POTHOLE__NO__SUCH": "1"})


def test_hash_tells_settings_apart():
    one, same, other = (config.load(None, {"POTHOLE__MAX_REFUSED_SHARE": s}) for s in ("0.1", "0.10", "0.2"))
    assert one.hash == same.hash != other.hash


@pytest.mark.parametrize(
    ("zone", "start_utc_hour_of_day_before"), [("Asia/Seoul", 15), ("UTC", 24), ("America/New_York", 29)]
)
def test_day_limits_are_those_of_the_zone(zone, start_utc_hour_of_day_before):
    start, end = config.load(None, {"POTHOLE__TIMEZONE": zone}).day_limits_ms("2026-02-12")
    eleventh_ms = 1_770_768_000_000
    assert start == eleventh_ms + start_utc_hour_of_day_before * 3_600_000
    assert end - start == 86_400_000


def test_a_day_of_the_change_to_summer_time_is_shorter():
    start, end = config.load(None, {"POTHOLE__TIMEZONE": "Europe/Helsinki"}).day_limits_ms("2026-03-29")
    assert end - start == 23 * 3_600_000


@given(st.text(max_size=12))
def test_dates_are_dates_or_mistakes(text):
    try:
        parsed, message = config.parse_date(text), "YYYY-MM-DD"
    except UserError as error:
        parsed, message = text, str(error)
    assert parsed == text
    assert "YYYY-MM-DD" in message
