"""The record of a stage of a run, written whether it ends well or not."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from pothole import log
from pothole.code_version import code_version
from pothole.engines import Engine
from pothole.errors import LakeError
from pothole.lake import Lake
from pothole.lake.manifest import Entry
from pothole.settings import Config

#: Called with what is being done and how much of the day is done, 0..1.
Progress = Callable[[str, float], None]


@dataclass
class StageReport:
    """What a stage did: rows by meaning, refused rows by reason, what it has published, and seconds."""

    stage: str
    rows: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    outputs: list[Entry] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Run:
    """What a run is known by, before its engine is started."""

    lake: Lake
    config: Config
    date: str
    run_id: str
    progress: Progress


@dataclass(frozen=True)
class Day(Run):
    """What the stages of one run share."""

    engine: Engine


@contextmanager
def recorded(run: Run, stage: str, inputs: list[Entry], *, good: bool = True) -> Iterator[StageReport]:
    """Writes the stage's run record when it ends, with what ``inputs`` holds then; ``good=False``: only if it fails."""
    report = StageReport(stage)
    with log.bound(run_id=run.run_id, date=run.date, stage=stage):
        record, start = _begun(run, stage, inputs), time.perf_counter()
        problem: BaseException | None = None
        try:
            yield report
        except BaseException as error:
            problem = error
            raise
        finally:
            report.seconds = time.perf_counter() - start
            if problem or good:
                _end(run, record, report, problem)


def _begun(run: Run, stage: str, inputs: list[Entry]) -> dict[str, Any]:
    engine = {"engine": run.engine.name, "engine_version": run.engine.version} if isinstance(run, Day) else {}
    return {
        "run_id": run.run_id,
        "stage": stage,
        "date": run.date,
        "code_version": code_version(),
        "config": dataclasses.asdict(run.config.settings),
        "config_hash": run.config.hash,
        "inputs": inputs,
        "started_ms": int(time.time() * 1000),
        **engine,
    }


def _end(run: Run, record: dict[str, Any], report: StageReport, problem: BaseException | None) -> None:
    """Complete the record and write it. Where it cannot be written, the problem that the stage had is what counts."""
    record |= {"outcome": "failed" if problem else "success"}
    if problem:
        record["error"] = f"{type(problem).__name__}: {problem}"
    record |= {"rows": report.rows, "quarantined": report.quarantined, "outputs": report.outputs}
    record["seconds"] = round(report.seconds, 3)
    with suppress(LakeError) if problem else nullcontext():
        run.lake.write_run_record(run.date, run.run_id, report.stage, record)
    if log.as_json():
        _log_end(record)


def _log_end(record: dict[str, Any]) -> None:
    """One line with the stage's figures, and why it failed if it did."""
    good = record["outcome"] == "success"
    figures = {name: record[name] for name in ("outcome", "error", "seconds", "rows", "quarantined") if name in record}
    log.write(f"{record['stage']} has {'ended' if good else 'failed'}", level="info" if good else "error", **figures)
