"""What a lake asks of the place it lies in. Only ``folder`` and ``s3`` know how the two kinds of places differ.

Paths are relative to the lake, with ``/``. Errors become ``LakeError`` with the operation, the path and the cause.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pothole.errors import UserError

if TYPE_CHECKING:
    from pothole.lake.footer import Footer


class Storage(Protocol):
    """A tree of files that can be replaced one at a time."""

    uri: str
    spark_uri: str
    remote: bool
    opens_files: bool
    """Whether this process opens the files by itself, before any engine is started; on a cluster only Spark does."""

    @property
    def fs(self) -> Any:
        """The fsspec file system that reads ``absolute`` paths."""
        ...

    def files(self, folder: str) -> list[tuple[str, int]]:
        """Files below a folder with their sizes in bytes, sorted; none when there is no folder."""
        ...

    def folders(self, folder: str) -> list[str]:
        """Names of the folders directly in a folder, sorted."""
        ...

    def read(self, path: str) -> bytes:
        """A file's content; FileNotFoundError when there is none."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Replace a file in one step: readers see the old content or the new."""
        ...

    def swap(self, path: str, old: bytes | None, new: bytes) -> bool:
        """Write a file only if its content is ``old`` (None: only if there is no file); whether it was written."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing when there is none."""
        ...

    def untouched_seconds(self, path: str) -> float:
        """How long ago a file was last written to; infinite where there is none, or where files appear whole."""
        ...

    def upload(self, local: Path, path: str) -> None:
        """Bring a local file into the storage."""
        ...

    def settle(self, path: str) -> None:
        """Wait until a written file would survive a power failure."""
        ...

    def open(self, path: str) -> AbstractContextManager[Any]:
        """A file opened for reading bytes at random; FileNotFoundError when there is none."""
        ...

    def footer(self, path: str) -> Footer:
        """The end of a Parquet file; FileNotFoundError when there is none, other errors when it is damaged."""
        ...

    def absolute(self, path: str) -> str:
        """The path as engines in this process take it."""
        ...


def open_storage(uri: str, *, create: bool = False) -> Storage:
    """The storage of ``s3://bucket[/prefix]`` (``s3a://`` means the same) or of a folder, made if asked for."""
    from pothole.lake.folder import FolderStorage
    from pothole.lake.s3 import S3Storage

    for scheme in ("s3://", "s3a://"):
        if uri.startswith(scheme):
            return S3Storage(uri.removeprefix(scheme).strip("/"))
    if "://" in uri and not uri.startswith("file://"):
        scheme = uri.split("://", 1)[0]
        raise UserError(f"a lake cannot lie at {scheme}://", hint="give a folder or s3://bucket[/prefix]")
    return FolderStorage(Path(uri.removeprefix("file://")).expanduser(), create=create)
