"""The two stages of the house as they are declared; what they do is in ``stage1`` and ``stage2``.

Whoever asks for a name or a dataset need not load the steps, so they are imported where they are used.
"""

from __future__ import annotations

from collections.abc import Mapping

from pothole.stages.settings import Stage1Settings, Stage2Settings
from pothole.stages.stage import Closing, Found, Frames, Given, Stage
from pothole.tables import (
    CONDITION,
    IMPACTS,
    POTHOLES,
    QUARANTINE,
    RAW,
    SEGMENTS,
    SPEED_BUMPS,
    TRAVERSALS,
    is_confirmed,
)


def _find_impacts(given: Given) -> Found:
    from pothole.stages import chain, stage1

    raw, bumps, limits = given.inputs[RAW], given.layers[SPEED_BUMPS], (given.start_ms, given.end_ms)
    found = stage1.run(
        raw, bumps, *limits, given.settings, unique=given.unique, rows=given.rows, keep=given.keep
    )  # fmt: skip

    def count(written: Frames) -> Mapping[str, int]:
        return {"used": chain.sample_count(found.used), "traversals": written[TRAVERSALS].count()}

    outputs = {TRAVERSALS: found.traversals, QUARANTINE: found.quarantine}
    return Found(outputs, count, held={"impacts": found.impacts})


def _judge_impacts(given: Given, parts: Found) -> Found:
    from pothole.stages import stage1

    judged = stage1.judge(parts.held["impacts"], parts.outputs[TRAVERSALS], given.settings, given.keep)
    return Found({IMPACTS: judged}, _impacts_by_kind)


def _impacts_by_kind(written: Frames) -> Mapping[str, int]:
    kinds = {row["kind"]: int(row["count"]) for row in written[IMPACTS].groupBy("kind").count().collect()}
    return {"impacts": sum(kinds.values()), "potholes": kinds.get("pothole", 0)}


STAGE1 = Stage(
    name="stage1",
    inputs=(RAW,),
    layers=(SPEED_BUMPS,),
    outputs=(IMPACTS, TRAVERSALS, QUARANTINE),
    settings=Stage1Settings,
    run=_find_impacts,
    closing=Closing(_judge_impacts, "stage 1: what the other passes felt", 0.75),
    counts=("in", "used", "quarantined", "impacts", "potholes", "traversals"),
    doing="stage 1: finding impacts",
    begins_at=0.0,
    program="stage1_anomaly_detection.py",
)


def _find_potholes(given: Given) -> Found:
    from pothole.stages import stage2

    settings: Stage2Settings = given.settings
    found = stage2.run(
        given.inputs[IMPACTS],
        given.inputs[TRAVERSALS],
        given.layers[SEGMENTS],
        given.date,
        settings,
        given.others[STAGE1.name].locate,
        keep=given.keep,
    )

    def count(written: Frames) -> Mapping[str, int]:
        confidences = [row["confidence"] for row in written[POTHOLES].select("confidence").collect()]
        return {
            "impacts": found.impacts.count(),
            "impacts_unmatched": found.impacts.where("s_id IS NULL").count(),
            "candidates": len(confidences),
            "confirmed": sum(is_confirmed(c, settings.evidence.confirmed) for c in confidences),
            "segments_driven": written[CONDITION].count(),
        }

    return Found({POTHOLES: found.potholes, CONDITION: found.condition}, count)


STAGE2 = Stage(
    name="stage2",
    inputs=(IMPACTS, TRAVERSALS),
    layers=(SEGMENTS,),
    outputs=(POTHOLES, CONDITION),
    settings=Stage2Settings,
    run=_find_potholes,
    counts=("impacts", "impacts_unmatched", "candidates", "confirmed", "segments_driven"),
    doing="stage 2: matching impacts to roads and clustering them",
    begins_at=0.8,
)
