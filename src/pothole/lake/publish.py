"""Publishing: a run's files become the partition in one atomic operation, or never.

Files go to ``dt=D/run-<run_id>/``; then the manifest replaces the old one; then older ``run-`` folders go.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from pothole.errors import BadInputError, PipelineFailure
from pothole.lake import manifest as manifests
from pothole.tables import SCHEMA_VERSION, TABLES

if TYPE_CHECKING:
    from pothole.lake.lake import Lake

_ARROW = {"bigint": "int64", "int": "int32", "double": "double", "string": "string"}


class Publication:
    """One run's outputs on their way into the lake. Use as a context: what was not committed is removed."""

    def __init__(self, lake: Lake, run_id: str, date: str) -> None:
        self._lake, self.run_id, self.date = lake, manifests.check_run_id(run_id), date
        self._local: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._open: set[str] = set()

    def __enter__(self) -> Publication:
        return self

    def target(self, dataset: str) -> str:
        """The folder in the lake, as Spark addresses it, into which an engine writes ``part-*.parquet``."""
        self._open.add(dataset)
        return f"{self._lake.storage.spark_uri}/{self._folder(dataset)}"

    def local_target(self, dataset: str) -> Path:
        """A local folder for the same: the lake's own, or for a remote lake one that ``commit`` uploads."""
        self._open.add(dataset)
        if not self._lake.storage.remote:
            path = Path(self._lake.storage.absolute(self._folder(dataset)))
            self._lake.make_folder(path)
            return path
        if dataset not in self._local:
            self._local[dataset] = tempfile.TemporaryDirectory(prefix="pothole-publish-")
        return Path(self._local[dataset].name)

    def _folder(self, dataset: str) -> str:
        return f"{dataset}/dt={self.date}/run-{self.run_id}"

    def commit(self, dataset: str, *, inputs: list[dict[str, Any]], code_version: str, config_hash: str) -> None:
        """Check what was written, publish it, and remove what it replaces."""
        storage, folder = self._lake.storage, self._folder(dataset)
        if dataset in self._local:
            for path in sorted(Path(self._local[dataset].name).glob("part-*.parquet")):
                storage.upload(path, f"{folder}/{path.name}")
        self._lake.check_lock()
        manifest = manifests.Manifest(
            dataset,
            self.date,
            self.run_id,
            SCHEMA_VERSION,
            code_version,
            config_hash,
            self._written(dataset),
            tuple(inputs),
        )
        storage.write(f"{dataset}/dt={self.date}/{manifests.NAME}", manifest.to_json())
        self._open.discard(dataset)
        self._lake.remove_old_runs(dataset, self.date, keep=self.run_id)

    def _written(self, dataset: str) -> tuple[manifests.PartFile, ...]:
        storage, folder = self._lake.storage, self._folder(dataset)
        parts = []
        for path, size in storage.list(folder):
            name = path.rsplit("/", 1)[-1]
            if not (name.startswith("part-") and name.endswith(".parquet")):
                continue
            with storage.open(path) as file:
                footer = pq.ParquetFile(file)
                _check_schema(dataset, path, footer)
                parts.append(manifests.PartFile(f"run-{self.run_id}/{name}", footer.metadata.num_rows, size))
        if not parts:
            raise PipelineFailure(f"nothing was written to {folder}", hint="an empty result is one file of zero rows")
        return tuple(parts)

    def __exit__(self, *_: object) -> None:
        for local in self._local.values():
            local.cleanup()
        for dataset in self._open:
            self._lake.storage.delete(self._folder(dataset))


def _check_schema(dataset: str, path: str, footer: pq.ParquetFile) -> None:
    schema = footer.schema_arrow
    for column in TABLES[dataset].columns:
        found = str(schema.field(column.name).type) if column.name in schema.names else "missing"
        if found != _ARROW[column.type]:
            raise PipelineFailure(f"{path}: column {column.name} is {found}, expected {column.type}")


def check_same_run(lake: Lake, datasets: list[str], date: str) -> None:
    """BadInputError unless all datasets of a date come from one run of the stage before."""
    runs = {}
    for dataset in datasets:
        lake.files(dataset, date)
        manifest = lake.manifest(dataset, date)
        runs[dataset] = manifest.run_id if manifest else "none"
    if len(set(runs.values())) > 1:
        listed = ", ".join(f"{dataset} from run {run}" for dataset, run in runs.items())
        raise BadInputError(
            f"the inputs of {date} come from different runs: {listed}", hint="run the stage before again"
        )
