"""What runs did, as their records in the lake tell it (``runs/dt=DATE/<run_id>/<stage>.json``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pothole.errors import BadInputError
from pothole.lake import Lake
from pothole.tables import QUARANTINE

DAG = "dag"
"""The record of a run on the cluster as a whole, beside those of its stages."""


@dataclass(frozen=True)
class StageFigures:
    """One stage of one run. None where the record, of an older version or of a failed run, does not tell."""

    date: str
    run_id: str
    stage: str
    success: bool
    began: float
    """UTC epoch, seconds."""
    seconds: float
    rows_in: int | None
    bytes_in: int | None
    rows_out: int | None
    """Published rows without the quarantine's."""
    bytes_out: int | None
    quarantined: Mapping[str, int]
    """Rows by reason."""
    engine: str
    code_version: str
    outputs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rows and bytes by dataset."""


@dataclass(frozen=True)
class RunFigures:
    """One attempt of a run on the cluster."""

    date: str
    run_id: str
    dag_run: str
    success: bool
    seconds: float
    instance_seconds: float | None
    cost: float | None
    currency: str
    task_seconds: Mapping[str, float]


@dataclass(frozen=True)
class DayRecords:
    """All records of a date, in order of run ids, which is that of time."""

    stages: Sequence[StageFigures]
    runs: Sequence[RunFigures]

    def last_of_each_stage(self, run_ids: Iterable[str] | None = None) -> list[StageFigures]:
        """The last record of each stage; only of those runs, if they are given."""
        wanted = None if run_ids is None else set(run_ids)
        found = {s.stage: s for s in self.stages if wanted is None or s.run_id in wanted}
        return [found[stage] for stage in sorted(found)]


def of_date(lake: Lake, date: str) -> DayRecords:
    """The records of a date. BadInputError for one that is damaged, LakeError when the storage says no."""
    stages, runs = list[StageFigures](), list[RunFigures]()
    try:
        for record in sorted(lake.run_records(date), key=lambda r: (_began(r), str(r["run_id"]))):
            if record["stage"] == DAG:
                runs.append(_run(record))
            else:
                stages.append(_stage(record))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInputError(
            f"a record of {date} in {lake.uri}/runs is not a run record: {type(error).__name__}: {error}",
            hint="remove it",
        ) from None
    return DayRecords(stages, runs)


def _began(record: Mapping[str, Any]) -> float:
    from datetime import datetime

    if record.get("stage") == DAG:
        return datetime.fromisoformat(record["began"]).timestamp()
    return float(record.get("started_ms", 0)) / 1000


def _stage(record: Mapping[str, Any]) -> StageFigures:
    outputs = {o["dataset"]: {"rows": o["rows"], "bytes": o["bytes"]} for o in record.get("outputs", [])}
    good = [output for dataset, output in outputs.items() if dataset != QUARANTINE.name]
    inputs = [i for i in record.get("inputs", []) if "rows" in i]  # not skipped files, nor layers
    return StageFigures(
        date=record["date"],
        run_id=record["run_id"],
        stage=record["stage"],
        success=record.get("outcome") == "success",
        began=_began(record),
        seconds=float(record.get("seconds", 0.0)),
        rows_in=_sum(inputs, "rows"),
        bytes_in=_sum(inputs, "bytes"),
        rows_out=_sum(good, "rows"),
        bytes_out=_sum(outputs.values(), "bytes"),
        quarantined=record.get("quarantined", {}),
        engine=str(record.get("engine", "")),
        code_version=str(record.get("code_version", "")),
        outputs=outputs,
    )


def _sum(parts: Iterable[Mapping[str, Any]], name: str) -> int | None:
    found = [part.get(name) for part in parts]
    return sum(int(number) for number in found if number is not None) if found and None not in found else None


def _run(record: Mapping[str, Any]) -> RunFigures:
    used = record.get("instance_seconds")
    return RunFigures(
        date=record["date"],
        run_id=record["run_id"],
        dag_run=record["dag_run"],
        success=record.get("outcome") == "success",
        seconds=float(record["seconds"]),
        instance_seconds=None if used is None else float(sum(used.values())),
        cost=record.get("cost"),
        currency=record.get("currency", ""),
        task_seconds={name: t["seconds"] for name, t in record["tasks"].items() if t.get("seconds") is not None},
    )
