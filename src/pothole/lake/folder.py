"""A lake in a folder of this machine: writing is a rename, swapping happens under a file lock."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pothole.errors import LakeError, NoDataError, UserError
from pothole.lake.causes import explained
from pothole.lake.footer import Footer, read_footer

#: How long to wait for another process that is just looking at the same lock, in seconds.
_GUARD_SECONDS = 10.0


class FolderStorage:
    """A folder of this machine; see ``Storage`` for what the methods promise."""

    remote = False
    opens_files = True

    def __init__(self, root: Path, *, create: bool = False) -> None:
        self.root = root.absolute()
        self.uri = str(self.root)
        self.spark_uri = self.root.as_uri()
        with explained("open", self.uri):
            if create:
                try:
                    self.root.mkdir(parents=True, exist_ok=True)
                except FileExistsError:
                    raise UserError(f"{self.uri} is a file", hint="a lake is a folder: choose another place") from None
            if not self.root.exists():
                raise NoDataError(
                    f"there is no lake at {self.uri}", hint="pothole simulate and pothole ingest make one"
                )
            os.listdir(self.root)

    @property
    def fs(self) -> Any:
        """See ``Storage``."""
        import fsspec

        return fsspec.filesystem("file")

    def files(self, folder: str) -> list[tuple[str, int]]:
        """See ``Storage``."""
        found: list[tuple[str, int]] = []
        for base, inner, names in os.walk(self._own(folder), onerror=self._walk_error):
            for name in inner:
                if not name.startswith("run-"):  # as a link none of ours: `repair` removes it, nobody looks into it
                    _no_link(Path(base, name))
            for name in names:
                path = Path(base, name)
                try:
                    found.append((path.relative_to(self.root).as_posix(), path.lstat().st_size))
                except FileNotFoundError:
                    continue  # removed by another process meanwhile
        return sorted(found)

    def _walk_error(self, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            with explained("list", str(error.filename)):
                raise error

    def folders(self, folder: str) -> list[str]:
        """See ``Storage``."""
        with explained("list", self.absolute(folder)):
            try:
                return sorted(p.name for p in self._own(folder).iterdir() if p.is_dir())
            except FileNotFoundError:
                return []

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        with explained("read", self.absolute(path)):
            return self._own(path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """See ``Storage``."""
        target = self._own(path)
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        with explained("write", str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_durably(temporary, content)
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def swap(self, path: str, old: bytes | None, new: bytes) -> bool:
        """See ``Storage``."""
        target = self._own(path)
        with explained("write", str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            with _guarded(target.parent / ".guard"):
                found = target.read_bytes() if target.exists() else None
                if found == old:
                    self.write(path, new)
        return found == old

    def delete(self, path: str) -> None:
        """See ``Storage``; of a link the link itself."""
        target = self._own(str(Path(path).parent)) / Path(path).name
        with explained("delete", str(target)):
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target, onerror=_unless_missing)
            else:
                target.unlink(missing_ok=True)

    def untouched_seconds(self, path: str) -> float:
        """See ``Storage``."""
        with explained("read", self.absolute(path)):
            try:
                return time.time() - self._own(path).stat().st_mtime
            except FileNotFoundError:
                return math.inf

    def upload(self, local: Path, path: str) -> None:
        """See ``Storage``."""
        with explained("write", self.absolute(path)):
            target = self._own(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(local, target)

    def settle(self, path: str) -> None:
        """See ``Storage``."""
        with explained("write", self.absolute(path)), self._own(path).open("rb") as file:
            os.fsync(file.fileno())

    @contextmanager
    def open(self, path: str) -> Iterator[Any]:
        """See ``Storage``."""
        import pyarrow as pa

        with explained("read", self.absolute(path)), pa.OSFile(str(self._own(path)), "rb") as file:
            yield file

    def footer(self, path: str) -> Footer:
        """See ``Storage``."""
        with self.open(path) as file:
            return read_footer(file)

    def absolute(self, path: str) -> str:
        """See ``Storage``."""
        return str(self.root / path)

    def _own(self, path: str) -> Path:
        """A path of this lake. LakeError where a link below the root leads out of it, or could."""
        place = self.root
        for part in Path(path).parts:
            place = place / part
            _no_link(place)
        return place


def _no_link(path: Path) -> None:
    if path.is_symlink():
        raise LakeError(
            f"{path} is a link; below its own folder a lake holds no links",
            hint="put the file or folder itself there, or remove the link (the lake's folder may be a link)",
        )


def _unless_missing(_: object, __: str, problem: tuple[Any, BaseException, Any]) -> None:
    if not isinstance(problem[1], FileNotFoundError):
        raise problem[1]


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Alone among the processes that ask for the same guard; the system gives it back when a process dies."""
    deadline = time.monotonic() + _GUARD_SECONDS
    _no_link(path)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+b") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LakeError(
                        f"{path} is held by another process for more than {_GUARD_SECONDS:.0f} s",
                        hint=f"find it: fuser {path}",
                    ) from None
                time.sleep(0.01)
        yield
