"""The day: read, stage, check, publish, with a run record for every stage.

The only place where stages meet lake, engine and clock. What a stage publishes it publishes whole; the next stage reads
what the one before has published, so that each can be run again by itself.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from pothole import __version__, log
from pothole.engines import Engine
from pothole.errors import LakeError, TooManyRefusedError, UserError
from pothole.lake import Lake, check_same_run, new_run_id
from pothole.settings import Config
from pothole.stages.own import OWN
from pothole.tables import (
    CONDITION,
    IMPACTS,
    POTHOLES,
    QUARANTINE,
    RAW,
    SEGMENTS,
    SPEED_BUMPS,
    TRAVERSALS,
    Table,
    is_confirmed,
)

STAGES = ("stage1", "stage2", *OWN)

#: Called with what is being done and how much of the day is done, 0..1.
Progress = Callable[[str, float], None]


@dataclass
class StageReport:
    """What a stage did: rows by meaning, refused rows by reason, what it has published, and seconds."""

    stage: str
    rows: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class DayReport:
    """What a run of a day did."""

    date: str
    run_id: str
    stages: list[StageReport] = field(default_factory=list)
    skipped_files: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Run:
    """What a run is known by, before its engine is started."""

    lake: Lake
    config: Config
    date: str
    run_id: str
    progress: Progress


@dataclass(frozen=True)
class _Day(_Run):
    """What the stages of one run share."""

    engine: Engine


def chosen_stages(from_stage: str | None, only_stage: str | None) -> list[str]:
    """The stages to run, in order; UserError for an unknown one."""
    _check_known([given for given in (from_stage, only_stage) if given is not None])
    if from_stage and only_stage:
        raise UserError("--from-stage and --only-stage exclude each other")
    if only_stage:
        return [only_stage]
    return list(STAGES[STAGES.index(from_stage) :] if from_stage else STAGES)


def _check_known(stages: list[str]) -> None:
    for given in stages:
        if given not in STAGES:
            raise UserError(f"there is no stage {given!r}", hint=f"the stages are {', '.join(STAGES)}")


def run_day(
    lake: Lake,
    date: str,
    config: Config,
    engine: Callable[[], Engine],
    *,
    stages: list[str] | None = None,
    skip_bad_files: bool = False,
    progress: Progress = lambda what, share: None,
    run_id: str | None = None,
) -> DayReport:
    """Run a date's stages and publish their datasets; the inputs are checked before the engine is started.

    Errors: NoDataError without raw data, BadInputError for input of another shape, TooManyRefusedError,
    LockedError when another run holds the date, LakeError when the storage says no.
    """
    stages = list(STAGES) if stages is None else stages
    _check_known(stages)
    run_id = run_id or new_run_id()
    report = DayReport(date, run_id)
    run = _Run(lake, config, date, run_id, progress)
    with _recorded(run, stages[0], [], good=False):  # refused input
        raw = lake.check_raw(date, skip_bad=skip_bad_files) if "stage1" in stages else None
        if lake.storage.fs is not None:  # a cluster's driver cannot look at it before the engine does
            _check_segments(lake, list(raw.files) if raw else [])
    with lake.lock(date, run_id, ttl_seconds=config.settings.lock_ttl_seconds, command=f"pothole run {date}"):
        started = engine()
        day = _Day(lake, config, date, run_id, progress, started)
        try:
            if raw is not None:
                report.skipped_files = [(s.path, s.reason) for s in raw.skipped]
                report.stages.append(_stage1(day, raw))
            if "stage2" in stages:
                report.stages.append(_stage2(day))
            report.stages += [_own(day, stage) for stage in OWN if stage in stages]
            progress("done", 1.0)
        finally:
            started.close()
    return report


@contextmanager
def _recorded(run: _Run, stage: str, inputs: list[dict[str, Any]], *, good: bool = True) -> Iterator[StageReport]:
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


def _begun(run: _Run, stage: str, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    engine = {"engine": run.engine.name, "engine_version": run.engine.version} if isinstance(run, _Day) else {}
    return {
        "run_id": run.run_id,
        "stage": stage,
        "date": run.date,
        "code_version": __version__,
        "config": dataclasses.asdict(run.config.settings),
        "config_hash": run.config.hash,
        "inputs": inputs,
        "started_ms": int(time.time() * 1000),
        **engine,
    }


def _end(run: _Run, record: dict[str, Any], report: StageReport, problem: BaseException | None) -> None:
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


def _stage1(day: _Day, raw: Any) -> StageReport:
    engine, settings = day.engine, day.config.settings
    stage1 = engine.module("pothole.stages.stage1")
    files, rows = [f.path for f in raw.files], [f.rows for f in raw.files]
    inputs = [{"path": f.path, "bytes": f.bytes, "rows": f.rows} for f in raw.files]
    inputs += [{"path": s.path, "skipped": s.reason} for s in raw.skipped]
    outputs = (IMPACTS, TRAVERSALS, QUARANTINE)
    with (
        _recorded(day, "stage1", inputs) as report,
        day.lake.publishing(day.run_id, day.date) as publication,
    ):
        day.progress("looking at the raw files", 0.0)
        inputs += _layer(day.lake, SPEED_BUMPS, day.lake.bump_files())
        bumps = engine.read_layer(day.lake, day.lake.bump_files(), SPEED_BUMPS)
        start_ms, end_ms = day.config.day_limits_ms(day.date)
        counts = {"in": sum(rows), "used": 0, "quarantined": 0, "impacts": 0, "potholes": 0, "traversals": 0}
        batches = engine.batches(files, rows, settings.engine.batch_rows)
        held: list[tuple[Any, Any]] = []
        for part, batch in enumerate(batches):
            day.progress(f"stage 1: finding impacts, part {part + 1} of {len(batches)}", 0.75 * part / len(batches))
            result = stage1.run(
                engine.read_parquet(batch, RAW.columns, source_file=True),
                bumps,
                start_ms,
                end_ms,
                settings.stage1,
                unique=engine.keys_are_unique(batch),
                rows=sum(n for f, n in zip(files, rows, strict=True) if f in batch),
                keep=engine.keep,
            )
            frames = {
                table: engine.write_parquet(frame, _target(publication, engine, table), part=part)
                for table, frame in ((TRAVERSALS, result.traversals), (QUARANTINE, result.quarantine))
            }
            held.append((engine.hold(result.impacts), frames[TRAVERSALS]))
            counts["used"] += engine.module("pothole.stages.chain").sample_count(result.used)
            counts["traversals"] += frames[TRAVERSALS].count()
            _count_reasons(report, engine, frames[QUARANTINE])
            engine.forget()
        day.progress("stage 1: what the other passes felt", 0.75)
        impacts, traversals = (
            functools.reduce(lambda a, b: a.unionByName(b), parts) for parts in zip(*held, strict=True)
        )
        judged = stage1.judge(impacts, traversals, settings.stage1, engine.keep)
        written = engine.write_parquet(judged, _target(publication, engine, IMPACTS))
        _count(counts, "impacts", engine, written, "kind")
        engine.forget()
        counts["quarantined"] = sum(report.quarantined.values())
        report.rows |= counts
        _check_refused(counts, report.quarantined, settings.max_refused_share)
        for table in outputs:
            _publish(day, publication, table, inputs, report)
    return report


def _stage2(day: _Day) -> StageReport:
    engine, settings = day.engine, day.config.settings
    stage2 = engine.module("pothole.stages.stage2")
    inputs: list[dict[str, Any]] = []
    with (
        _recorded(day, "stage2", inputs) as report,
        day.lake.publishing(day.run_id, day.date) as publication,
    ):
        check_same_run(day.lake, [IMPACTS.name, TRAVERSALS.name], day.date)
        inputs += [_reference(day.lake, t.name, day.date) for t in (IMPACTS, TRAVERSALS)]
        inputs += _layer(day.lake, SEGMENTS, day.lake.segment_files())
        day.progress("stage 2: matching impacts to roads and clustering them", 0.8)
        frames = {t: engine.read_parquet(day.lake.files(t.name, day.date), t.columns) for t in (IMPACTS, TRAVERSALS)}
        result = stage2.run(
            frames[IMPACTS],
            frames[TRAVERSALS],
            engine.read_layer(day.lake, day.lake.segment_files(), SEGMENTS),
            day.date,
            settings.stage2,
            settings.stage1.locate,
            keep=engine.keep,
        )
        written = {
            table: engine.write_parquet(frame, _target(publication, engine, table))
            for table, frame in ((POTHOLES, result.potholes), (CONDITION, result.condition))
        }
        confidences = [row["confidence"] for row in written[POTHOLES].select("confidence").collect()]
        report.rows |= {
            "impacts": result.impacts.count(),
            "impacts_unmatched": result.impacts.where("s_id IS NULL").count(),
            "candidates": len(confidences),
            "confirmed": sum(is_confirmed(c, settings.stage2.evidence.confirmed) for c in confidences),
            "segments_driven": written[CONDITION].count(),
        }
        engine.forget()
        day.progress("publishing", 0.98)
        for table in written:
            _publish(day, publication, table, inputs, report)
    return report


def _own(day: _Day, name: str) -> StageReport:
    """A stage of ``stages.own``: what others have published to one dataset."""
    engine = day.engine
    stage = engine.module(f"pothole.stages.{name}")
    inputs: list[dict[str, Any]] = []
    with _recorded(day, name, inputs) as report, day.lake.publishing(day.run_id, day.date) as publication:
        inputs += [_reference(day.lake, table.name, day.date) for table in stage.INPUTS]
        day.progress(f"{name}: {stage.OUTPUT.name}", 0.98)
        frames = [engine.read_parquet(day.lake.files(t.name, day.date), t.columns) for t in stage.INPUTS]
        result = stage.run(*frames, day.date, getattr(day.config.settings, name))
        written = engine.write_parquet(result, _target(publication, engine, stage.OUTPUT))
        report.rows["rows"] = written.count()
        engine.forget()
        _publish(day, publication, stage.OUTPUT, inputs, report)
    return report


def _publish(day: _Day, publication: Any, table: Table, inputs: list[dict[str, Any]], report: StageReport) -> None:
    manifest = publication.commit(table.name, inputs=inputs, code_version=__version__, config_hash=day.config.hash)
    report.outputs.append({"dataset": table.name, "rows": manifest.rows, "bytes": manifest.total_bytes})


def _target(publication: Any, engine: Engine, table: Table) -> str:
    """Where the engine writes: the embedded one into a local folder, Spark into the lake itself."""
    return str(publication.local_target(table.name) if engine.name == "duckdb" else publication.target(table.name))


def _reference(lake: Lake, dataset: str, date: str) -> dict[str, Any]:
    manifest = lake.published(dataset, date)
    return {"dataset": dataset, "run_id": manifest.run_id, "rows": manifest.rows, "bytes": manifest.total_bytes}


def _layer(lake: Lake, table: Table, files: list[str]) -> list[dict[str, Any]]:
    sizes = dict(lake.storage.files(table.name))
    return [{"dataset": table.name, "path": path, "bytes": sizes.get(path)} for path in files]


def _count(counts: dict[str, int], name: str, engine: Engine, impacts: Any, column: str) -> None:
    for row in impacts.groupBy(column).count().collect():
        counts[name] += int(row["count"])
        if row[column] == "pothole":
            counts["potholes"] += int(row["count"])


def _count_reasons(report: StageReport, engine: Engine, refused: Any) -> None:
    for row in refused.groupBy("reason").count().collect():
        report.quarantined[row["reason"]] = report.quarantined.get(row["reason"], 0) + int(row["count"])


def _check_refused(counts: dict[str, int], reasons: dict[str, int], limit: float) -> None:
    share = counts["quarantined"] / max(1, counts["in"])
    if share > limit:
        listed = ", ".join(f"{n:,} {reason}" for reason, n in sorted(reasons.items(), key=lambda r: -r[1]))
        raise TooManyRefusedError(
            f"{share:.0%} of {counts['in']:,} rows were refused, more than the allowed {limit:.0%}: {listed}",
            hint="mend the input, or raise max_refused_share if these rows are to be done without",
        )


def _check_segments(lake: Lake, raw_files: list[Any]) -> None:
    """BadInputError when the road network's columns, coordinates or whereabouts are wrong."""
    segments = lake.segments()
    if segments is None:
        return
    from pothole.roads.check import check_near, check_segments

    check_segments(segments, "road-network")
    box = lake.raw_bounds(raw_files)
    if box is not None:
        check_near(segments, box)
