"""``python -m benchmarks.ablation``: what each step, and each group of the classifier's questions, earns.

``steps``: whole days of a standard and a hard fleet (seeds 201 and 202) and of one on Helsinki's streets (203), and the
good roads of Győr and Pittsburgh where their recordings are there, one step at a time switched off by its setting; the
models stay as they are. ``features``: the models fitted anew on the fleets of ``make fit`` (``--cache``
takes its folder) without a group of features, judged on seeds 201 and 202 by the F1 of impacts at the threshold that is
best there: a comparison with each other, not a figure of how good detection is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import embedded, goodroad, recordings
from benchmarks.candidates import CAUSES, DAY, Wanted, fleets
from benchmarks.score import RECORDINGS, compared, run_day
from benchmarks.tuning import f1_by_rank
from pothole import engines
from pothole.config import ENV_PREFIX, load
from pothole.evaluate import ImpactScore, PotholeScore, impact_score, pooled_potholes
from pothole.stages.feature import Group, Need
from pothole.stages.features import FEATURES, in_group, that_need
from pothole.stages.settings import Stage1Settings

JUDGED = tuple(Wanted(setting, seed) for setting in ("standard", "hard") for seed in (201, 202))
DRIVEN = (Wanted("standard", 201), Wanted("hard", 202), Wanted("standard", 203, streets=True))
STEPS: dict[str, dict[str, str]] = {
    "nothing": {},
    "a moved device begins a new mount": {"STAGE1__ORIENT__MOVED_DEGREES": "180"},
    "absolute floor of the scale": {"STAGE1__DETECT__SCALE_FLOOR_MPS2": "0.01"},
    "the fleet's scale as prior": {"STAGE1__DETECT__SCALE_PRIOR_SECONDS": "0"},
    "impacts stand out of the trip": {"STAGE1__DETECT__START_SCALES": "0.5"},
    "impacts stand out of the road around": {"STAGE1__DETECT__START_SURROUNDINGS": "0.5"},
    "known structures": {"STAGE1__LOCATE__BUMP_REACH_M": "0"},
    "what the other passes felt": {"STAGE1__CORROBORATE__MIN_PROBABILITY": "2"},
    "lag of GPS": {"STAGE1__LOCATE__GPS_LAG_MS": "0"},
    "heading in matching": {"STAGE2__MATCH__HEADING_DEGREES": "180"},
    "unlikely impacts are no part of a place": {"STAGE2__CLUSTER__MIN_PROBABILITY": "0"},
    "impacts go to the nearest peak": {"STAGE2__CLUSTER__APART_M": "100000"},
    "passes are not independent": {"STAGE2__EVIDENCE__INDEPENDENT_LOOKS": "1000",
                                   "STAGE2__EVIDENCE__INDEPENDENT_PASSES": "1000000"},
    "passes without an impact": {"STAGE2__EVIDENCE__POTHOLE_HIT_RATE": "0.01", "STAGE2__EVIDENCE__NOISE_HIT_RATE":
                                 "0.01", "STAGE2__EVIDENCE__STRUCTURE_HIT_RATE": "0.01"},
    "places that look like potholes and are none": {"STAGE2__EVIDENCE__LOOKALIKE_SHARE": "0"},
}  # fmt: skip
"""Each step with the settings that switch it off."""
GROUPS = {
    "nothing": (),
    "all that needs the forward axis": that_need(Need.FORWARD),
    **{group.value: in_group(group) for group in Group},
}
"""Features that are left out of the fit."""


Day = tuple[tuple[tuple[int, int, int], ...], PotholeScore, int]


def day(lake: Path, switched: dict[str, str]) -> Day:
    """A fleet's day with some settings: impacts by trip, potholes, and how many impacts there were."""
    run_day(lake, DAY.isoformat(), **environment(switched))
    done = compared(lake, DAY.isoformat())
    return done.impact_score.groups, done.pothole_score, done.impacts.num_rows


def environment(switched: dict[str, str]) -> dict[str, str]:
    """Settings as the day's environment has them."""
    return {f"{ENV_PREFIX}{name}": value for name, value in switched.items()}


def stage1_settings(switched: dict[str, str]) -> Stage1Settings:
    """Stage 1's settings with these changed."""
    return load(environ=environment(switched)).settings.stage1


def steps(engine: engines.Engine, trips: int) -> Table:
    """One step at a time switched off."""
    roads = list(recordings.good_and_bad(RECORDINGS)) if RECORDINGS.is_dir() else []
    table = Table(
        "switched off", "impacts F1", "costs", "potholes F1", "costs", "position, median m", "impacts a fleet",
        *(f"{name}, called potholes/km (impacts)" for name, *_ in roads),
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="pothole-ablation-") as folder:
        lakes = [Path(folder) / wanted.name for wanted in DRIVEN]
        for lake, wanted in zip(lakes, DRIVEN, strict=True):
            wanted.drive(lake, trips)
        whole: tuple[ImpactScore, PotholeScore] | None = None
        for name, switched in STEPS.items():
            days = [day(lake, switched) for lake in lakes]
            impacts = impact_score([g for groups, _, _ in days for g in groups])
            holes = pooled_potholes([h for _, h, _ in days])
            whole = whole or (impacts, holes)
            settings = stage1_settings(switched)
            alarms = [goodroad.alarms(raw, [good], settings, engine)[0] for _, raw, good, _ in roads]
            row = (
                name, f"{impacts.f1:.3f}", f"{whole[0].f1 - impacts.f1:+.3f}",
                f"{holes.f1:.3f}", f"{whole[1].f1 - holes.f1:+.3f}", f"{holes.median_m:.2f}",
                f"{np.mean([n for _, _, n in days]):,.0f}", *(f"{a.per_km:.2f} ({a.impacts})" for a in alarms),
            )  # fmt: skip
            print(*row, sep=" | ", file=sys.stderr, flush=True)
            table.add_row(*row)
    return table


def best_f1(probability: np.ndarray, causes: np.ndarray) -> float:
    """F1 of potholes at the best threshold, of those that are candidates at all."""
    return float(f1_by_rank(probability, causes == CAUSES.index("pothole"))[1].max())


def features(engine: engines.Engine, cache: Path | None) -> Table:
    """One group of features at a time left out of the fit, and the second model."""
    from benchmarks.fit import TRAINING, alone, fit

    training, judged = fleets(engine, TRAINING, cache), fleets(engine, JUDGED, cache)

    def scores() -> Iterator[tuple[str, list[float]]]:
        for name, without in GROUPS.items():
            fitted = fit(engine, training, tuple(f for f in FEATURES if f not in without))
            yield name, [best_f1(fitted.probability(engine, f), f.causes) for f in judged]
            if not without:
                by_itself = [best_f1(alone(fitted.single, f, fitted.names)[:, 0], f.causes) for f in judged]
                yield "what the other passes felt", by_itself

    table, whole = Table("left out", *(w.name for w in JUDGED), "mean", "costs"), None
    for name, each in scores():
        whole = whole or float(np.mean(each))
        row = (name, *(f"{s:.3f}" for s in each), f"{np.mean(each):.3f}", f"{whole - np.mean(each):+.3f}")
        print(*row, sep=" | ", file=sys.stderr, flush=True)
        table.add_row(*row)
    return table


def main() -> None:
    """Switch off, score, print what is left."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", choices=("steps", "features"))
    arguments.add_argument("--trips", type=int, default=150, help="trips of each fleet whose steps are switched off")
    arguments.add_argument("--cache", type=Path, help="a folder of fleets as `python -m benchmarks.fit --cache` has it")
    given = arguments.parse_args()
    engine = embedded.start()
    if given.only != "features":
        Console(width=160).print(steps(engine, given.trips))
    if given.only != "steps":
        Console(width=130).print(features(engine, given.cache))


if __name__ == "__main__":
    main()
