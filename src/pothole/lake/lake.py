"""One lake: its datasets by date, read through their manifests and written through publications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date as Date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pothole.errors import LakeError, NoDataError
from pothole.lake import lock as locks
from pothole.lake import manifest as manifests
from pothole.lake.manifest import Manifest
from pothole.lake.publish import Publication
from pothole.lake.raw import RawFile, RawInput, SkippedFile, inspect
from pothole.lake.storage import Storage, open_storage
from pothole.tables import RAW, SEGMENTS, SPEED_BUMPS, TABLES

__all__ = ["Lake", "RawFile", "RawInput", "SkippedFile", "open_lake"]

_READ_TRIES = 20


def open_lake(uri: str) -> Lake:
    """The lake at a folder or ``s3://bucket[/prefix]``."""
    return Lake(open_storage(uri))


class Lake:
    """Datasets of ``tables.TABLES`` in ``<dataset>/dt=YYYY-MM-DD/``."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._lock: locks.Lock | None = None

    @property
    def uri(self) -> str:
        """Where it lies: a folder or ``s3://...``."""
        return self.storage.uri

    @property
    def remote_fs(self) -> Any:
        """The fsspec file system that an engine in this process needs to read it; None for a folder."""
        return self.storage.fs

    # ---- what there is -------------------------------------------------------------------------------------------

    def dates(self, dataset: str) -> list[str]:
        """Dates of which the dataset has a partition."""
        names = (f.removeprefix("dt=") for f in self.storage.folders(dataset) if f.startswith("dt="))
        return sorted(n for n in names if _is_date(n))

    def check_raw(self, date: str, *, skip_bad: bool = False) -> RawInput:
        """The raw files of a date, each checked. NoDataError without any row, BadInputError for a bad file."""
        found = [
            (path, size)
            for path, size in self.storage.list(f"{RAW.name}/dt={date}")
            if path.endswith(".parquet") and not path.rsplit("/", 1)[-1].startswith((".", "_"))
        ]
        raw = inspect(self.storage, found, skip_bad=skip_bad)
        if sum(f.rows for f in raw.files) == 0:
            raise NoDataError(f"no raw data for {date} in {self.uri}{self._nearest(RAW.name, date)}")
        return RawInput(tuple(f for f in raw.files if f.rows > 0), raw.skipped)

    def raw_bounds(self, files: list[RawFile]) -> tuple[float, float, float, float] | None:
        """West, east, south and north of most positions in the first raw file (1st to 99th percentile), degrees."""
        if not files:
            return None
        prefix = self.storage.absolute("")
        with self.storage.open(files[0].path.removeprefix(prefix).lstrip("/")) as file:
            table = pq.ParquetFile(file).read_row_group(0, columns=["lon", "lat"])
        lon, lat = (table[c].drop_null().to_numpy().astype(float) for c in ("lon", "lat"))
        lon, lat = lon[np.isfinite(lon)], lat[np.isfinite(lat)]
        if not len(lon) or not len(lat):
            return None
        west, east = np.percentile(lon, [1, 99])
        south, north = np.percentile(lat, [1, 99])
        return float(west), float(east), float(south), float(north)

    def _nearest(self, dataset: str, date: str) -> str:
        there = self.dates(dataset)
        if not there:
            return f"; {dataset}/ has no date at all"
        near = sorted(sorted(there, key=lambda d: abs(_day(d) - _day(date)))[:3])
        return f"; the nearest dates there are {', '.join(near)}"

    # ---- reading -------------------------------------------------------------------------------------------------

    def manifest(self, dataset: str, date: str) -> Manifest | None:
        """The partition's manifest; None when nothing is published."""
        path = f"{dataset}/dt={date}/{manifests.NAME}"
        try:
            return manifests.parse(self.storage.read(path), f"{self.uri}/{path}")
        except FileNotFoundError:
            return None

    def files(self, dataset: str, date: str) -> list[str]:
        """Absolute paths of the partition's files; NoDataError when nothing is published."""
        manifest = self.manifest(dataset, date)
        if manifest is None:
            there = [d for d in self.dates(dataset) if self.manifest(dataset, d)]
            near = f"; published dates are {', '.join(there[-3:])}" if there else ""
            raise NoDataError(
                f"no {dataset} for {date} in {self.uri}{near}", hint=f"pothole run {date} --lake {self.uri}"
            )
        return [self.storage.absolute(f"{dataset}/dt={date}/{f.path}") for f in manifest.files]

    def read_table(self, dataset: str, date: str, columns: list[str] | None = None) -> pa.Table:
        """A partition's rows: one version of it as a whole, also while it is replaced."""
        for _ in range(_READ_TRIES):
            self.files(dataset, date)
            manifest = self.manifest(dataset, date)
            if manifest is None:
                continue
            try:
                return pa.concat_tables([self._part(dataset, date, f.path, columns) for f in manifest.files])
            except FileNotFoundError:
                continue  # replaced meanwhile: the new manifest lists what is there
        raise LakeError(f"{dataset} of {date} in {self.uri} lists files that are not there", hint="run that date again")

    def _part(self, dataset: str, date: str, path: str, columns: list[str] | None) -> pa.Table:
        with self.storage.open(f"{dataset}/dt={date}/{path}") as file:
            table = pq.ParquetFile(file).read(columns=columns)
        return table.select(columns or [n for n in TABLES[dataset].names if n in table.column_names])

    def segments(self) -> pa.Table | None:
        """The road network (``tables.SEGMENTS``); None when the lake has none."""
        from pothole.roads.read import read_segments

        for name in ("segments.parquet", "segments.csv"):
            try:
                with self.storage.open(f"{SEGMENTS.name}/{name}") as file:
                    return read_segments(file, f"{self.uri}/{SEGMENTS.name}/{name}")
            except FileNotFoundError:
                continue
        return None

    def bumps(self) -> pa.Table:
        """Known structures (``tables.SPEED_BUMPS``); no rows when the layer is absent."""
        from pothole.roads.read import read_bumps

        layers = [path for path, _ in self.storage.list(SPEED_BUMPS.name) if path.endswith(".csv")]
        return read_bumps([(self.storage.read(path), f"{self.uri}/{path}") for path in layers])

    # ---- writing -------------------------------------------------------------------------------------------------

    @contextmanager
    def lock(self, date: str, run_id: str, *, ttl_seconds: float = 900.0, command: str = "") -> Iterator[None]:
        """Hold a date: a second run is refused with LockedError."""
        with locks.held(self.storage, date, run_id, ttl_seconds=ttl_seconds, command=command) as lock:
            self._lock = lock
            try:
                yield
            finally:
                self._lock = None

    def check_lock(self) -> None:
        """LockedError when the date that is held here was taken over by another run."""
        if self._lock is not None:
            self._lock.check()

    def publishing(self, run_id: str, date: str) -> Publication:
        """A run's outputs on their way into the lake."""
        return Publication(self, run_id, date)

    def make_folder(self, path: Path) -> None:
        """Make a local folder; LakeError when the system says no."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LakeError(f"cannot create {path}: {error.strerror}", hint="check permissions and space") from error

    def remove_old_runs(self, dataset: str, date: str, *, keep: str) -> list[str]:
        """Remove the ``run-`` folders of a partition but one; the removed paths."""
        folder = f"{dataset}/dt={date}"
        old = [f"{folder}/{n}" for n in self.storage.folders(folder) if n.startswith("run-") and n != f"run-{keep}"]
        for path in old:
            self.storage.delete(path)
        return old

    def write_run_record(self, date: str, run_id: str, stage: str, record: dict[str, Any]) -> None:
        """Keep what a stage of a run did."""
        content = json.dumps(record, indent=1, ensure_ascii=False).encode()
        self.storage.write(f"runs/dt={date}/{run_id}/{stage}.json", content)

    def run_records(self, date: str) -> list[dict[str, Any]]:
        """The run records of a date, in order of run and stage."""
        paths = [path for path, _ in self.storage.list(f"runs/dt={date}") if path.endswith(".json")]
        return [json.loads(self.storage.read(path)) for path in paths]

    def repair(self, date: str | None = None) -> list[str]:
        """Remove what killed runs left: unlisted ``run-`` folders, temporary files, expired locks; the removed paths.

        A date that a living run holds is left alone.
        """
        removed = []
        for path, _ in self.storage.list("locks"):
            holder = locks.read(self.storage, path)
            if path.endswith(".tmp") or (holder is not None and locks.expired(holder)):
                self.storage.delete(path)
                removed.append(path)
        for dataset in TABLES:
            for day in self.dates(dataset) if TABLES[dataset].partitioned and dataset != RAW.name else []:
                if date in (None, day) and locks.read(self.storage, locks.lock_path(day)) is None:
                    removed += self._repair_partition(dataset, day)
        return removed

    def _repair_partition(self, dataset: str, date: str) -> list[str]:
        manifest = self.manifest(dataset, date)
        removed = self.remove_old_runs(dataset, date, keep=manifest.run_id if manifest else "")
        for path, _ in self.storage.list(f"{dataset}/dt={date}"):
            if path.endswith(".tmp"):
                self.storage.delete(path)
                removed.append(path)
        return removed


def _is_date(text: str) -> bool:
    try:
        return Date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _day(text: str) -> int:
    return Date.fromisoformat(text).toordinal()
