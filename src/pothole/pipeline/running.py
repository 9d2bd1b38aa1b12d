"""One stage of a day: its function is given what the stage declares; what it finds is written, counted, published."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pothole import __version__
from pothole.lake import Publication, RawInput
from pothole.pipeline import gate, sources
from pothole.pipeline.record import Day, StageReport, recorded
from pothole.stages.registry import STAGES
from pothole.stages.stage import Found, Frames, Given, Stage
from pothole.tables import QUARANTINE, RAW

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
        work = _Work(day, stage, publication, report)
        work.run(dates, raw)
        work.tell(raw)
        if raw:
            gate.check_refused(work.rows["in"], report.quarantined, day.config.settings.max_refused_share)
        for table in stage.outputs:
            manifest = publication.commit(
                table.name, inputs=entries, code_version=__version__, config_hash=day.config.hash
            )
            report.outputs.append({"dataset": table.name, "rows": manifest.rows, "bytes": manifest.total_bytes})
    return report


@dataclass
class _Work:
    """A stage under way."""

    day: Day
    stage: Stage
    publication: Publication
    report: StageReport
    rows: Counter[str] = field(default_factory=Counter)

    def run(self, dates: sources.Dates, raw: RawInput | None) -> None:
        """Run the function for every part, then the closing step."""
        day, stage = self.day, self.stage
        given = _given(day, stage)
        if raw is None:
            day.progress(stage.doing, stage.begins_at)
            self.take(stage.run(replace(given, inputs=sources.inputs(day, dates))))
        else:
            whole = replace(given, inputs=sources.inputs(day, dates))
            parts = [self.take(stage.run(part), n) for n, part in enumerate(self.parts(whole, raw))]
            if stage.closing:
                day.progress(stage.closing.doing, stage.closing.begins_at)
                self.take(stage.closing.run(given, _together(parts)))
        if not stage.closing:
            day.progress("publishing", 0.98)

    def parts(self, given: Given, raw: RawInput) -> Iterator[Given]:
        """What the function is given for each batch of the raw files: all at once, unless there is a closing step."""
        day, stage = self.day, self.stage
        size = {f.path: f.rows for f in raw.files}
        files, rows, end = list(size), list(size.values()), stage.begins_at
        batches = [files]
        if stage.closing:
            batches, end = (
                day.engine.batches(files, rows, day.config.settings.engine.batch_rows),
                stage.closing.begins_at,
            )
        for n, batch in enumerate(batches):
            share = stage.begins_at + (end - stage.begins_at) * n / len(batches)
            day.progress(f"{stage.doing}, part {n + 1} of {len(batches)}" if stage.closing else stage.doing, share)
            samples = day.engine.read_parquet(batch, RAW.columns, source_file=True)
            yield replace(
                given,
                inputs={**given.inputs, RAW: samples},
                unique=day.engine.keys_are_unique(batch),
                rows=sum(size[f] for f in batch),
            )

    def take(self, found: Found, part: int = 0) -> Found:
        """Write and count what was found; the same as it lies there, and as it outlives the part."""
        engine = self.day.engine
        written = {
            table: engine.write_parquet(frame, engine.destination(self.publication, table), part=part)
            for table, frame in found.outputs.items()
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


def _given(day: Day, stage: Stage) -> Given:
    """All that is the same for every part."""
    start_ms, end_ms = day.config.day_limits_ms(day.date)
    settings = {s.name: getattr(day.config.settings, s.name) for s in STAGES if s.settings}
    return Given(
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
