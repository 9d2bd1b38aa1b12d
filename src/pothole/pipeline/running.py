"""One stage of a day: its function is given what the stage declares; what it finds is written, counted, published."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pothole.code_version import code_version
from pothole.engines import Engine
from pothole.lake import RawInput
from pothole.pipeline import gate, sources
from pothole.pipeline.record import Day, StageReport, recorded
from pothole.registry import STAGES
from pothole.stages.stage import Found, Frames, Given, Stage
from pothole.tables import QUARANTINE, RAW, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def run_stage(day: Day, stage: Stage, raw: RawInput | None) -> StageReport:
    """Run a stage and publish its outputs; ``raw`` are the day's files, which a stage that reads them needs."""
    raw = raw if stage.reads_raw else None
    entries = sources.raw_entries(raw) if raw else []
    with (
        recorded(day, stage.name, entries) as report,
        day.lake.publishing(day.run_id, day.date) as publication,
    ):
        if raw:
            day.progress("looking at the raw files", stage.begins_at)
        dates = sources.published(day.lake, stage, day.date)
        entries += sources.entries(day.lake, stage, dates)
        computed(day, stage, dates, raw, report, lambda table: day.engine.destination(publication, table))
        for table in stage.outputs:
            manifest = publication.commit(
                table.name, inputs=entries, code_version=code_version(), config_hash=day.config.hash
            )
            report.outputs.append({"dataset": table.name, "rows": manifest.rows, "bytes": manifest.total_bytes})
    return report


def computed(
    day: Day,
    stage: Stage,
    dates: sources.Dates,
    raw: RawInput | None,
    report: StageReport,
    folder: Callable[[Table], str],
) -> dict[Table, DataFrame]:
    """The stage's outputs, as they lie in the ``folder`` of each; counted in the report.

    ``dates`` are those of its published inputs.

    TooManyRefusedError where a larger share of the raw rows was refused than is allowed.
    """
    work = _Work(day, _on(day.engine, stage), folder, report)
    found = work.run(dates, raw)
    work.tell(raw)
    if raw:
        if "used" in stage.counts:
            gate.check_whole(
                work.rows, raw.files, lambda file: day.engine.read_parquet([file], RAW.columns[:1]).count()
            )
        gate.check_refused(work.rows["in"], report.quarantined, day.config.settings.max_refused_share)
    return found


def _on(engine: Engine, stage: Stage) -> Stage:
    """The stage with functions over this engine's frames."""
    found = vars(engine.module(stage.module)).values()
    return next(other for other in found if isinstance(other, Stage) and other.name == stage.name)


@dataclass
class _Work:
    """A stage under way."""

    day: Day
    stage: Stage
    folder: Callable[[Table], str]
    report: StageReport
    rows: Counter[str] = field(default_factory=Counter)

    def run(self, dates: sources.Dates, raw: RawInput | None) -> dict[Table, DataFrame]:
        """Run the function for every part, then the closing step; all that was written."""
        day, stage = self.day, self.stage
        given = _given(day, stage, dates)
        parts = _together([self.take(stage.run(part), n) for n, part in enumerate(self.parts(given, raw))])
        if stage.closing is None:
            day.progress("publishing", 0.98)
            return dict(parts.outputs)
        day.progress(stage.closing.doing, stage.closing.begins_at)
        return {**parts.outputs, **self.take(stage.closing.run(given, parts)).outputs}

    def parts(self, given: Given, raw: RawInput | None) -> Iterator[Given]:
        """What the function is given, one after the other: a part of the raw data each time, or all once."""
        batches = self.batches(raw) if raw else []
        for n, batch in enumerate(batches):
            begin, end = self.stage.begins_at, self.stage.closing.begins_at if self.stage.closing else 0.98
            told = f", part {n + 1} of {len(batches)}" if self.stage.closing else ""
            self.day.progress(self.stage.doing + told, begin + (end - begin) * n / len(batches))
            files = list(batch)
            yield replace(
                given,
                inputs={**given.inputs, RAW: self.day.engine.read_parquet(files, RAW.columns, source_file=True)},
                unique=self.day.engine.keys_are_unique(files),
                rows=sum(batch.values()),
            )
        if raw is None:
            self.day.progress(self.stage.doing, self.stage.begins_at)
            yield given

    def batches(self, raw: RawInput) -> list[dict[str, int]]:
        """Raw files with their rows, in groups that hold whole trips; in one, unless there is a closing step."""
        rows = {file.path: file.rows for file in raw.files}
        if not self.stage.closing:
            return [rows]
        target = self.day.config.settings.engine.batch_rows
        groups = self.day.engine.batches(list(rows), list(rows.values()), target)
        return [{path: rows[path] for path in group} for group in groups]

    def take(self, found: Found, part: int = 0) -> Found:
        """Write and count what was found; the same as it lies there, and as it outlives the part."""
        engine = self.day.engine
        written = {
            table: engine.write_parquet(frame, self.folder(table), part=part) for table, frame in found.outputs.items()
        }
        held = {name: engine.hold(frame) for name, frame in found.held.items()}
        self.rows.update(found.count(written))
        self._count_reasons(written)
        engine.forget()
        return replace(found, outputs=written, held=held)

    def _count_reasons(self, written: Frames) -> None:
        reasons = self.report.quarantined
        if QUARANTINE in written:
            for row in written[QUARANTINE].groupBy("reason").count().collect():
                reasons[row["reason"]] = reasons.get(row["reason"], 0) + int(row["count"])

    def tell(self, raw: RawInput | None) -> None:
        """The stage's counts into its report, in their order."""
        self.rows["in"] = sum(f.rows for f in raw.files) if raw else 0
        self.rows["quarantined"] = sum(self.report.quarantined.values())
        self.report.rows |= {name: self.rows[name] for name in self.stage.counts}


def _given(day: Day, stage: Stage, dates: sources.Dates) -> Given:
    """All that is the same for every part."""
    start_ms, end_ms = day.config.day_limits_ms(day.date)
    settings = {s.name: getattr(day.config.settings, s.name) for s in STAGES if s.settings}
    return Given(
        inputs=sources.inputs(day, dates),
        layers=sources.layers(day, stage),
        date=day.date,
        start_ms=start_ms,
        end_ms=end_ms,
        settings=settings.get(stage.name),
        others=settings,
        keep=day.engine.keep,
    )


def _together(parts: list[Found]) -> Found:
    """What all parts gave, as one."""
    return Found(
        outputs={table: _union([part.outputs[table] for part in parts]) for table in parts[0].outputs},
        held={name: _union([part.held[name] for part in parts]) for name in parts[0].held},
    )


def _union(frames: list[DataFrame]) -> DataFrame:
    return functools.reduce(lambda a, b: a.unionByName(b), frames)
