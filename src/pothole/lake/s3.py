"""A lake in an S3 bucket: writing is one PUT, swapping is a PUT with a condition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pothole import extras
from pothole.errors import UserError
from pothole.lake.causes import explained
from pothole.lake.footer import Footer, read_footer


class S3Storage:
    """A bucket, or a prefix in it, through s3fs: credentials, region and endpoint as the AWS tools find them.

    See ``Storage`` for what the methods promise.
    """

    remote = True
    opens_files = True

    def __init__(self, place: str) -> None:
        if not place:
            raise UserError("an S3 lake needs a bucket", hint="s3://bucket[/prefix]")
        try:
            import s3fs
        except ImportError:
            raise extras.missing("s3fs", what="a lake on S3") from None
        self.place = place
        self.uri, self.spark_uri = f"s3://{place}", f"s3a://{place}"
        patience = {"retries": {"max_attempts": 3, "mode": "standard"}, "connect_timeout": 5}
        self._fs = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True, config_kwargs=patience)

    @property
    def fs(self) -> Any:
        """See ``Storage``."""
        return self._fs

    def _full(self, path: str) -> str:
        return f"{self.place}/{path}".rstrip("/")

    def files(self, folder: str) -> list[tuple[str, int]]:
        """See ``Storage``."""
        with explained("list", self.absolute(folder)):
            try:
                found = self.fs.find(self._full(folder), detail=True)
            except FileNotFoundError as error:
                _raise_unless_empty(error)
                return []
        return sorted((name.removeprefix(f"{self.place}/"), int(info["size"])) for name, info in found.items())

    def folders(self, folder: str) -> list[str]:
        """See ``Storage``."""
        with explained("list", self.absolute(folder)):
            try:
                entries = self.fs.ls(self._full(folder), detail=True)
            except FileNotFoundError as error:
                _raise_unless_empty(error)
                return []
        return sorted(e["name"].rsplit("/", 1)[-1] for e in entries if e["type"] == "directory")

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        with explained("read", self.absolute(path)):
            return bytes(self.fs.cat_file(self._full(path)))

    def write(self, path: str, content: bytes) -> None:
        """See ``Storage``: one PUT."""
        self._put(path, content)

    def swap(self, path: str, old: bytes | None, new: bytes) -> bool:
        """See ``Storage``: a PUT with ``If-None-Match: *``, or with ``If-Match`` and the old content's ETag."""
        try:
            if old is None:
                self._put(path, new, IfNoneMatch="*")
                return True
            with explained("read", self.absolute(path)):
                tag = self.fs.info(self._full(path), refresh=True)["ETag"]  # before the content: a later change shows
            if self.read(path) != old:
                return False
            self._put(path, new, IfMatch=tag)
        except (FileExistsError, FileNotFoundError):
            return False
        return True

    def _put(self, path: str, content: bytes, **conditions: str) -> None:
        """One PUT; FileExistsError when a condition does not hold."""
        bucket, _, key = self._full(path).partition("/")
        with explained("write", self.absolute(path)):
            try:
                self.fs.call_s3("put_object", Bucket=bucket, Key=key, Body=content, **conditions)
            except OSError as error:
                answer = getattr(error.__cause__, "response", {}).get("ResponseMetadata", {})
                if answer.get("HTTPStatusCode") in (409, 412):  # 409: another conditional PUT was under way
                    raise FileExistsError(path) from error
                raise

    def delete(self, path: str) -> None:
        """See ``Storage``."""
        with explained("delete", self.absolute(path)):
            try:
                self.fs.rm(self._full(path), recursive=True)
            except FileNotFoundError as error:
                _raise_unless_empty(error)

    def untouched_seconds(self, path: str) -> float:
        """See ``Storage``: an object appears whole."""
        return math.inf

    def upload(self, local: Path, path: str) -> None:
        """See ``Storage``."""
        with explained("write", self.absolute(path)):
            self.fs.put_file(str(local), self._full(path))

    def settle(self, path: str) -> None:
        """See ``Storage``: an object that was written is safe."""

    @contextmanager
    def open(self, path: str) -> Iterator[Any]:
        """See ``Storage``."""
        with (
            explained("read", self.absolute(path)),
            self.fs.open(self._full(path), "rb", block_size=1 << 20) as file,
        ):
            yield file

    def footer(self, path: str) -> Footer:
        """See ``Storage``."""
        with self.open(path) as file:
            return read_footer(file)

    def absolute(self, path: str) -> str:
        """See ``Storage``."""
        return f"s3://{self._full(path)}"


def _raise_unless_empty(error: FileNotFoundError) -> None:
    """S3 knows no folders: one without files is not there. A bucket that is not there is another matter."""
    if error.__cause__ is not None and "NoSuchBucket" in str(error.__cause__):
        raise error
