"""Publishing: a run's files become the partition in one atomic operation, or never.

Files go to ``dt=D/run-<run_id>/``; then the manifest replaces the old one; then older ``run-`` folders go, and what
killed runs had half written.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pothole.column_types import ARROW
from pothole.datasets import TABLES
from pothole.errors import BadInputError, LakeError, PipelineFailure
from pothole.lake import manifest as manifests
from pothole.lake.footer import Footer
from pothole.tables import SCHEMA_VERSION

if TYPE_CHECKING:
    from pothole.lake.lake import Lake


class Publication:
    """One run's outputs on their way into the lake. Use as a context: it holds the date, and removes what was not
    committed.
    """

    def __init__(self, lake: Lake, run_id: str, date: str) -> None:
        self._lake, self.run_id, self.date = lake, manifests.check_run_id(run_id), date
        self._local: dict[str, tempfile.TemporaryDirectory[str]] = {}
        self._staging: dict[str, str] = {}
        self._announced: set[str] = set()
        self._held = ExitStack()

    def __enter__(self) -> Publication:
        self._lock = self._held.enter_context(self._lake.holding(self.date, self.run_id, command="publishing"))
        return self

    def target(self, dataset: str) -> str:
        """The folder in the lake, as Spark addresses it, into which an engine writes ``part-*.parquet``."""
        return f"{self._lake.spark_uri}/{self._folder(dataset)}"

    def local_target(self, dataset: str) -> Path:
        """A local folder for the same: the lake's own, or for a remote lake one that ``commit`` uploads."""
        folder = self._folder(dataset)
        if not self._lake.storage.remote:
            path = Path(self._lake.storage.absolute(folder))
            self._lake.make_folder(path)
            return path
        if dataset not in self._local:
            self._local[dataset] = tempfile.TemporaryDirectory(prefix="pothole-publish-")
        return Path(self._local[dataset].name)

    def _folder(self, dataset: str) -> str:
        """The staging folder, empty at first. A run that publishes again does not touch what readers read."""
        partition = f"{dataset}/dt={self.date}"
        if dataset not in self._staging:
            again = f"run-{self.run_id}" in self._published_folders(dataset)
            name = f"run-{self.run_id}" + (f"-{uuid.uuid4().hex[:6]}" if again else "")
            self._lake.storage.delete(f"{partition}/{name}")
            self._staging[dataset] = name
        return f"{partition}/{self._staging[dataset]}"

    def _published_folders(self, dataset: str) -> set[str]:
        try:
            manifest = self._lake.manifest(dataset, self.date)
        except BadInputError:  # a damaged manifest is about to be replaced
            return set(self._lake.storage.folders(f"{dataset}/dt={self.date}"))
        return manifest.folders if manifest else set()

    def commit(
        self,
        dataset: str,
        *,
        inputs: list[manifests.Entry],
        code_version: str,
        config_hash: str,
        rows: Mapping[str, int] | None = None,
    ) -> manifests.Manifest:
        """Check what was written, publish it, and remove what it replaces; what is published now.

        ``rows`` gives the expected rows by file name, where the writer has counted them. PipelineFailure when the files
        are not what the dataset asks for, LockedError when another run has taken the date over meanwhile.
        """
        folder = self._folder(dataset)
        self._upload(dataset, folder)
        files = self._written(dataset, folder)
        found = {f.path.rsplit("/", 1)[-1]: f.rows for f in files}
        if rows is not None and found != dict(rows):
            raise PipelineFailure(f"{folder} holds {found} rows by file, expected {dict(rows)}")
        manifest = manifests.Manifest(
            *(dataset, self.date, self.run_id, SCHEMA_VERSION, code_version, config_hash), files, tuple(inputs)
        )
        self._lock.renew()
        self._announced.add(dataset)
        self._lake.storage.write(f"{dataset}/dt={self.date}/{manifests.NAME}", manifest.to_json())
        self._staging.pop(dataset)
        self._lake.remove_leftovers(dataset, self.date, keep=manifest.folders)
        return manifest

    def _upload(self, dataset: str, folder: str) -> None:
        if dataset not in self._local:
            return
        local = self._local.pop(dataset)
        for path in sorted(Path(local.name).glob("part-*.parquet")):
            self._lake.storage.upload(path, f"{folder}/{path.name}")
        local.cleanup()

    def _written(self, dataset: str, folder: str) -> tuple[manifests.PartFile, ...]:
        storage, parts = self._lake.storage, []
        for path, size in storage.files(folder):
            name = path.removeprefix(f"{folder}/")
            if not (name.startswith("part-") and name.endswith(".parquet")):
                continue
            footer = storage.footer(path)
            _check_schema(dataset, path, footer)
            parts.append(manifests.PartFile(f"{self._staging[dataset]}/{name}", footer.rows, size))
            storage.settle(path)
        if not parts:
            raise PipelineFailure(f"nothing was written to {folder}", hint="an empty result is one file of zero rows")
        return tuple(parts)

    def __exit__(self, *_: object) -> None:
        with self._held:
            for local in self._local.values():
                local.cleanup()
            for dataset in list(self._staging):
                with suppress(LakeError):  # the next run and `pothole lake repair` remove it; show the first error
                    if not self._may_be_published(dataset):
                        self._lake.storage.delete(self._folder(dataset))

    def _may_be_published(self, dataset: str) -> bool:
        """Whether the manifest may name the staged files: its writing may raise and take effect, on S3 even later."""
        if dataset not in self._announced:
            return False
        return self._lake.storage.remote or self._staging[dataset] in self._published_folders(dataset)


def _check_schema(dataset: str, path: str, footer: Footer) -> None:
    for column in TABLES[dataset].columns:
        found = footer.columns.get(column.name, "missing")
        if found != ARROW[column.type]:
            raise PipelineFailure(f"{path}: column {column.name} is {found}, expected {column.type}")


def check_same_run(lake: Lake, datasets: list[str], date: str) -> None:
    """BadInputError unless all datasets of a date come from one run of the stage before; NoDataError without one."""
    runs = {dataset: lake.published(dataset, date).run_id for dataset in datasets}
    if len(set(runs.values())) > 1:
        listed = ", ".join(f"{dataset} from run {run}" for dataset, run in runs.items())
        raise BadInputError(
            f"the inputs of {date} come from different runs: {listed}", hint="run the stage before again"
        )
