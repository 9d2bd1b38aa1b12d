"""The chain's own sums."""

from __future__ import annotations

import pytest


@pytest.mark.both_engines
def test_samples_of_seconds_are_added_up_and_none_are_none(engine, frame):
    from pothole.stages.chain import sample_count

    seconds = frame(sample_count=[10, 25])
    assert (sample_count(seconds), sample_count(seconds.where("sample_count > 99"))) == (35, 0)
