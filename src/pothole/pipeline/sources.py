"""What a stage reads, as its declaration says: frames for its function, entries for its record and manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pothole.errors import BadInputError
from pothole.lake import Lake, RawInput, check_same_run
from pothole.lake.manifest import Entry
from pothole.pipeline.record import Day
from pothole.registry import STAGES
from pothole.stages.stage import Before, Dated, Frames, Input, Stage, table_of
from pothole.tables import RAW

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: The partition that is read of each published input; None where there is none yet.
Dates = Mapping[Input, str | None]


def raw_entries(raw: RawInput) -> list[Entry]:
    """The raw files that are read, and those that are not."""
    read: list[Entry] = [{"path": f.path, "bytes": f.bytes, "rows": f.rows} for f in raw.files]
    skipped: list[Entry] = [{"path": s.path, "skipped": s.reason} for s in raw.skipped]
    return read + skipped


def published(lake: Lake, stage: Stage, date: str) -> Dates:
    """The dates of the stage's inputs. BadInputError where one stage's datasets of a date come from several runs."""
    for other in STAGES:
        if together := [table.name for table in other.outputs if table in stage.inputs]:
            check_same_run(lake, together, date)
    return {
        source: lake.newest_before(source.table.name, date) if isinstance(source, Before) else date
        for source in stage.inputs
        if source != RAW
    }


def entries(lake: Lake, stage: Stage, dates: Dates) -> list[Entry]:
    """The partitions and layers that are read. NoDataError for one that is not published."""
    found = [_partition(lake, source, date) for source, date in dates.items() if date is not None]
    for table in map(table_of, stage.layers):
        found += [{"dataset": table.name, "path": path, "bytes": size} for path, size in lake.layer_files(table)]
    return found


def _partition(lake: Lake, source: Input, date: str) -> Entry:
    manifest = lake.published(table_of(source).name, date)
    entry: Entry = {"dataset": manifest.dataset, "run_id": manifest.run_id, "rows": manifest.rows}
    entry["bytes"] = manifest.total_bytes
    return {**entry, "date": date} if isinstance(source, Before) else entry


def inputs(day: Day, dates: Dates) -> dict[Input, DataFrame]:
    """The frames of the published inputs."""
    return {source: _input(day, table_of(source).name, source, date) for source, date in dates.items()}


def _input(day: Day, name: str, source: Input, date: str | None) -> DataFrame:
    columns = table_of(source).columns
    return day.engine.empty(columns) if date is None else day.engine.read_parquet(day.lake.files(name, date), columns)


def layers(day: Day, stage: Stage) -> Frames:
    """The frames of the layers. BadInputError for one that is not what it should be."""
    frames = {}
    for layer in stage.layers:
        frame = day.engine.read_layer(day.lake, table_of(layer))
        frames[table_of(layer)] = _until(frame, layer, day.date) if isinstance(layer, Dated) else frame
    return frames


def _until(frame: DataFrame, layer: Dated, date: str) -> DataFrame:
    name = layer.column
    odd = frame.where(f"{name} NOT LIKE '____-__-__'").select(name).limit(1).collect()
    if odd:
        raise BadInputError(
            f"{layer.table.name}: column {name} holds {odd[0][name]!r}, expected dates such as {date}",
            hint="write them as YYYY-MM-DD",
        )
    return frame.where(f"{name} <= '{date}'")
