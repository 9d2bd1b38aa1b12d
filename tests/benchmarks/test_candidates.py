"""What the classifier learns from: fleets that are kept, and causes that are matched once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.candidates import CAUSES, Fleet, Wanted

from benchmarks import candidates


def rows(*at_ms: float, kind: str | None = None) -> pa.Table:
    columns = {"vehicle_id": ["V"] * len(at_ms), "trip_id": ["T"] * len(at_ms), "timestamp": list(at_ms)}
    return pa.table(columns | ({"kind": [kind] * len(at_ms)} if kind else {}))


def test_each_event_has_one_impact_and_a_second_one_of_it_is_told_apart() -> None:
    causes = candidates.causes(rows(1000.0, 1400.0, 9000.0), rows(1100.0, kind="bump"))
    assert causes.tolist() == [CAUSES.index("bump"), -1, CAUSES.index("other")]


def test_odd_seeds_have_fewer_other_passes() -> None:
    assert Wanted("hard", 311).trips * 2 == Wanted("hard", 312).trips == candidates.TRIPS
    assert Wanted("standard", 341, streets=True).name == "standard-341-streets"


def test_a_fleet_is_kept_and_simulated_once(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def labelled(engine: object, wanted: Wanted) -> Fleet:
        made.append(wanted)
        return Fleet(rows(1.0, 2.0), rows(3.0), np.array([0, -1]))

    monkeypatch.setattr(candidates, "labelled", labelled)
    wanted = [Wanted("standard", 7)]
    first, again = (candidates.fleets(None, wanted, tmp_path / "kept")[0] for _ in range(2))  # type: ignore[arg-type]
    assert made == wanted
    assert again.impacts.equals(first.impacts)
    assert again.traversals.equals(first.traversals)
    assert again.causes.tolist() == [0, -1]
