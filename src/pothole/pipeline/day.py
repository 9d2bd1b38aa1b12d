"""A date's stages, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pothole.engines import Engine
from pothole.errors import UserError
from pothole.lake import Lake, new_run_id
from pothole.pipeline import gate
from pothole.pipeline.record import Day, Progress, Run, StageReport, recorded
from pothole.pipeline.running import run_stage
from pothole.registry import STAGES
from pothole.settings import Config

_NAMES = [stage.name for stage in STAGES]


@dataclass
class DayReport:
    """What a run of a day did."""

    date: str
    run_id: str
    stages: list[StageReport] = field(default_factory=list)
    skipped_files: list[tuple[str, str]] = field(default_factory=list)


def chosen_stages(from_stage: str | None, only_stage: str | None) -> list[str]:
    """The stages to run, in order; UserError for an unknown one."""
    _check_known([given for given in (from_stage, only_stage) if given is not None])
    if from_stage and only_stage:
        raise UserError("--from-stage and --only-stage exclude each other")
    if only_stage:
        return [only_stage]
    return _NAMES[_NAMES.index(from_stage) :] if from_stage else list(_NAMES)


def _check_known(stages: list[str]) -> None:
    for given in stages:
        if given not in _NAMES:
            raise UserError(f"there is no stage {given!r}", hint=f"the stages are {', '.join(_NAMES)}")


def run_day(
    lake: Lake,
    date: str,
    config: Config,
    engine: Callable[[], Engine],
    *,
    stages: list[str] | None = None,
    skip_bad_files: bool = False,
    progress: Progress = lambda _what, _share: None,
    run_id: str | None = None,
) -> DayReport:
    """Run a date's stages and publish their datasets; the inputs are checked before the engine is started.

    Errors: NoDataError without raw data, BadInputError for input of another shape, TooManyRefusedError,
    LockedError when another run holds the date, LakeError when the storage says no.
    """
    names = _NAMES if stages is None else stages
    _check_known(names)
    chosen = [stage for stage in STAGES if stage.name in names]
    run = Run(lake, config, date, run_id or new_run_id(), progress)
    report = DayReport(date, run.run_id)
    with recorded(run, names[0], [], good=False):  # refused input
        raw = gate.check_input(lake, date, chosen, skip_bad=skip_bad_files)
    seconds = config.settings.lock_ttl_seconds
    with lake.lock(date, run.run_id, ttl_seconds=seconds, command=f"pothole run {date}"):
        started = engine()
        try:
            day = Day(lake, config, date, run.run_id, progress, started)
            report.skipped_files = [(s.path, s.reason) for s in raw.skipped] if raw else []
            report.stages += [run_stage(day, stage, raw) for stage in chosen]
            progress("done", 1.0)
        finally:
            started.close()
    return report
