"""One lake: its datasets by date, read through their manifests and written through publications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pothole.datasets import TABLES
from pothole.errors import BadInputError, LakeError, NoDataError
from pothole.lake import lock as locks
from pothole.lake import manifest as manifests
from pothole.lake import raw as raws
from pothole.lake import repair as repairs
from pothole.lake.causes import explained, is_about_content
from pothole.lake.manifest import Manifest
from pothole.lake.publish import Publication
from pothole.lake.storage import Storage, open_storage
from pothole.tables import RAW, SEGMENTS, SPEED_BUMPS, Table

if TYPE_CHECKING:
    import pyarrow as pa

_READ_TRIES = 20
_LOCK_SECONDS = 900.0


def open_lake(uri: str, *, create: bool = False) -> Lake:
    """The lake at a folder (made if asked for) or at ``s3://bucket[/prefix]``; NoDataError without such a folder."""
    return Lake(open_storage(uri, create=create))


class Lake:
    """Datasets of ``datasets.TABLES`` in ``<dataset>/dt=YYYY-MM-DD/``."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._held: dict[str, locks.Lock] = {}

    @property
    def uri(self) -> str:
        """Where it lies: an absolute folder or ``s3://...``."""
        return self.storage.uri

    @property
    def spark_uri(self) -> str:
        """The same as Spark addresses it: ``file:///...`` or ``s3a://...``."""
        return self.storage.spark_uri

    @property
    def fs(self) -> Any:
        """The fsspec file system in which the lake's absolute paths are read."""
        return self.storage.fs

    @property
    def root(self) -> str:
        """The lake's own path in ``fs``."""
        return self.storage.absolute("")

    @property
    def remote_fs(self) -> Any:
        """``fs`` where an engine in this process needs it to read the lake; None for a folder."""
        return self.storage.fs if self.storage.remote else None

    # ---- raw input -----------------------------------------------------------------------------------------------

    def dates(self, dataset: str) -> list[str]:
        """Dates of which the dataset has a partition, sorted."""
        names = (f.removeprefix("dt=") for f in self.storage.folders(dataset) if f.startswith("dt="))
        return sorted(n for n in names if _is_date(n))

    def check_raw(self, date: str, *, skip_bad: bool = False) -> raws.RawInput:
        """The raw files of a date, each checked. NoDataError without any row, BadInputError for a bad file."""
        return raws.check(self.storage, date, self.dates(RAW.name), skip_bad=skip_bad)

    def raw_bounds(self, files: list[raws.RawFile]) -> tuple[float, float, float, float] | None:
        """West, east, south and north of most positions in the first raw file (1st to 99th percentile), degrees."""
        return raws.bounds(self.storage, files[0].path.removeprefix(self.root).lstrip("/")) if files else None

    # ---- reading -------------------------------------------------------------------------------------------------

    def manifest(self, dataset: str, date: str) -> Manifest | None:
        """The partition's manifest; None when nothing is published, BadInputError when it is damaged."""
        path = f"{dataset}/dt={date}/{manifests.NAME}"
        try:
            return manifests.parse(self.storage.read(path), self.storage.absolute(path))
        except FileNotFoundError:
            return None

    def published(self, dataset: str, date: str) -> Manifest:
        """The partition's manifest; NoDataError when nothing is published."""
        manifest = self.manifest(dataset, date)
        if manifest is not None:
            return manifest
        there = [d for d in self.dates(dataset) if d != date]
        near = f"; the dates there are {', '.join(there[-3:])}" if there else ""
        raise NoDataError(f"no {dataset} for {date} in {self.uri}{near}", hint=f"pothole run {date} --lake {self.uri}")

    def newest_before(self, dataset: str, date: str) -> str | None:
        """The newest date before this one of which the dataset is published; None when there is none."""
        earlier = (d for d in reversed(self.dates(dataset)) if d < date)
        return next((d for d in earlier if self.manifest(dataset, d) is not None), None)

    def files(self, dataset: str, date: str) -> list[str]:
        """Absolute paths of the partition's files; NoDataError when nothing is published."""
        folder = self.storage.absolute(f"{dataset}/dt={date}")
        return [f"{folder}/{f.path}" for f in self.published(dataset, date).files]

    def read_table(self, dataset: str, date: str, columns: list[str] | None = None) -> pa.Table:
        """A partition's rows: one version of it as a whole, also while it is replaced.

        Columns of ``tables`` in their order, or those asked for. NoDataError when nothing is published, BadInputError
        for a damaged file or a missing column, LakeError when a listed file is not there.
        """
        import pyarrow as pa

        wanted = list(TABLES[dataset].names) if columns is None else columns
        for _ in range(_READ_TRIES):
            manifest = self.published(dataset, date)
            try:
                return pa.concat_tables(
                    [_read_file(self.storage, f"{dataset}/dt={date}/{f.path}", wanted) for f in manifest.files]
                )
            except FileNotFoundError as error:
                if self.manifest(dataset, date) == manifest:
                    raise LakeError(
                        f"{dataset} of {date} in {self.uri} lists a file that is not there: {error}",
                        hint=f"pothole run {date} --lake {self.uri}",
                    ) from None
        raise LakeError(f"{dataset} of {date} in {self.uri} is replaced all the time", hint="try again")

    def read_raw(self, date: str) -> pa.Table:
        """All raw rows of a date, columns of ``tables.RAW``; errors as ``check_raw``'s."""
        import pyarrow as pa

        files = [file.path.removeprefix(self.root).lstrip("/") for file in self.check_raw(date).files]
        rows = [_read_file(self.storage, file, list(RAW.names)) for file in files]
        return pa.concat_tables(rows, promote_options="permissive")

    def layer_files(self, table: Table) -> list[tuple[str, int]]:
        """Files of a dataset that people write, relative to the lake, with their bytes; none when the lake has none.

        The first of ``table.one_of`` that is there, or every CSV file.
        """
        sizes = dict(self.storage.files(table.name))
        if not table.one_of:
            return [(path, size) for path, size in sizes.items() if path.endswith(".csv")]
        named = [f"{table.name}/{name}" for name in table.one_of]
        return [(path, sizes[path]) for path in named if path in sizes][:1]

    def layer(self, table: Table) -> pa.Table:
        """Rows of a dataset that people write; none when the lake has none. BadInputError for what is none of it."""
        from pothole.arrow import schema_of
        from pothole.roads.read import read_layer, read_segments

        paths = [path for path, _ in self.layer_files(table)]
        if table is not SEGMENTS:
            return read_layer(table, [(self.storage.read(path), self.storage.absolute(path)) for path in paths])
        for path in paths:
            with self.storage.open(path) as file:
                return read_segments(file, self.storage.absolute(path))
        return schema_of(SEGMENTS).empty_table()

    def segments(self) -> pa.Table | None:
        """The road network (``tables.SEGMENTS``); None when the lake has none."""
        return self.layer(SEGMENTS) if self.layer_files(SEGMENTS) else None

    def bumps(self) -> pa.Table:
        """Known structures (``tables.SPEED_BUMPS``); no rows when the layer is absent."""
        return self.layer(SPEED_BUMPS)

    # ---- writing -------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(
        self, date: str, run_id: str, *, ttl_seconds: float = _LOCK_SECONDS, command: str = ""
    ) -> Iterator[locks.Lock]:
        """Hold a date: a second run is refused with LockedError, which names this one."""
        manifests.check_run_id(run_id)
        with locks.held(self.storage, date, run_id, ttl_seconds=ttl_seconds, command=command) as lock:
            self._held[date] = lock
            try:
                yield lock
            finally:
                del self._held[date]

    def holding(self, date: str, run_id: str, *, command: str) -> AbstractContextManager[locks.Lock]:
        """The lock of a date: that which this run holds already, or a new one."""
        held = self._held.get(date)
        if held is not None and held.run_id == run_id:
            return nullcontext(held)
        return self.lock(date, run_id, command=command)

    def publishing(self, run_id: str, date: str) -> Publication:
        """A run's outputs on their way into the lake. Use as a context; it holds the date."""
        return Publication(self, run_id, date)

    def make_folder(self, path: Path) -> None:
        """Make a local folder; LakeError when the system says no."""
        with explained("write", str(path)):
            path.mkdir(parents=True, exist_ok=True)

    def remove_leftovers(self, dataset: str, date: str, *, keep: set[str]) -> None:
        """Remove the ``run-`` folders of a partition but those to keep, and what killed runs had half written."""
        for path in repairs.unlisted(self, f"{dataset}/dt={date}", keep):
            self.storage.delete(path)

    def write_run_record(self, date: str, run_id: str, stage: str, record: dict[str, Any]) -> None:
        """Keep what a stage of a run did."""
        content = json.dumps(record, indent=1, ensure_ascii=False).encode()
        self.storage.write(f"runs/dt={date}/{manifests.check_run_id(run_id)}/{stage}.json", content)

    def run_records(self, date: str) -> list[dict[str, Any]]:
        """The run records of a date, in order of run and stage; BadInputError for one that is no JSON object."""
        paths = [path for path, _ in self.storage.files(f"runs/dt={date}") if path.endswith(".json")]
        return [_record(self.storage.read(path), self.storage.absolute(path)) for path in paths]

    def states(self, date: str | None = None) -> list[repairs.DateState]:
        """What lies in the lake, by date: raw files, published datasets, damage, leftovers, locks."""
        return repairs.states(self, date)

    def repair(self, date: str | None = None) -> list[str]:
        """Remove what killed runs left: unlisted ``run-`` folders, temporary files, expired locks; the removed paths.

        What a manifest lists stays, and so does everything of a date that a living run holds.
        """
        return repairs.repair(self, date)


def _read_file(storage: Storage, path: str, columns: list[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    absolute, hint = storage.absolute(path), "run that date again"
    with storage.open(path) as file:
        try:
            parquet = pq.ParquetFile(file)
            missing = [c for c in columns if c not in parquet.schema_arrow.names]
            if not missing:
                return parquet.read(columns=columns).select(columns)
        except (pa.ArrowException, OSError) as error:
            if not is_about_content(error):
                raise
            raise BadInputError(f"{absolute} is damaged: {error}", hint=hint) from error
    raise BadInputError(f"{absolute}: column {missing[0]} is missing", hint=hint)


def _record(content: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(content)
        if isinstance(record, dict):
            return record
    except (ValueError, RecursionError):
        pass
    raise BadInputError(f"{where} is not a run record (a JSON object)", hint="remove it")


def _is_date(text: str) -> bool:
    try:
        return Date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
