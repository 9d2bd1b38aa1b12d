"""What differs between a folder and S3: listing, reading, writing as a whole, creating once, deleting.

Paths are relative to the lake, with ``/``. Errors become ``LakeError`` with the operation, the path and the cause.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pothole.errors import LakeError, UserError


class Storage(Protocol):
    """A tree of files that can be replaced one at a time."""

    uri: str
    spark_uri: str
    remote: bool
    fs: Any
    """The fsspec file system of a remote storage; None for a folder."""

    def list(self, folder: str) -> list[tuple[str, int]]:
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

    def create(self, path: str, content: bytes) -> bool:
        """Write a file unless there is one; whether it was written."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing when there is none."""
        ...

    def upload(self, local: Path, path: str) -> None:
        """Bring a local file into the storage."""
        ...

    def open(self, path: str) -> Any:
        """A file opened for reading bytes at random; FileNotFoundError when there is none."""
        ...

    def absolute(self, path: str) -> str:
        """The path as engines in this process take it."""
        ...


def open_storage(uri: str) -> Storage:
    """The storage of ``s3://bucket[/prefix]`` (``s3a://`` means the same) or of a folder."""
    for scheme in ("s3://", "s3a://"):
        if uri.startswith(scheme):
            return S3Storage(uri.removeprefix(scheme).strip("/"))
    if "://" in uri and not uri.startswith("file://"):
        scheme = uri.split("://", 1)[0]
        raise UserError(f"a lake cannot lie at {scheme}://", hint="give a folder or s3://bucket[/prefix]")
    return FolderStorage(Path(uri.removeprefix("file://")).expanduser())


class FolderStorage:
    """A folder of this machine."""

    remote = False
    fs = None

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.uri = str(self.root)
        self.spark_uri = self.root.as_uri()

    def list(self, folder: str) -> list[tuple[str, int]]:
        """See ``Storage``."""
        found: list[tuple[str, int]] = []
        with _explained("list", folder, self.uri):
            for base, _, names in os.walk(self.root / folder):
                for name in names:
                    path = Path(base, name)
                    try:
                        found.append((path.relative_to(self.root).as_posix(), path.stat().st_size))
                    except FileNotFoundError:
                        continue  # removed by another process meanwhile
        return sorted(found)

    def folders(self, folder: str) -> list[str]:
        """See ``Storage``."""
        with _explained("list", folder, self.uri):
            try:
                return sorted(p.name for p in (self.root / folder).iterdir() if p.is_dir())
            except FileNotFoundError:
                return []

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        with _explained("read", path, self.uri):
            return (self.root / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        """See ``Storage``."""
        target = self.root / path
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        with _explained("write", path, self.uri):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_durably(temporary, content)
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def create(self, path: str, content: bytes) -> bool:
        """See ``Storage``. A hard link to a whole file, so that nobody sees it half-written."""
        target = self.root / path
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
        with _explained("create", path, self.uri):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write_durably(temporary, content)
                os.link(temporary, target)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
        return True

    def delete(self, path: str) -> None:
        """See ``Storage``."""
        target = self.root / path
        with _explained("delete", path, self.uri):
            if target.is_dir():
                shutil.rmtree(target, ignore_errors=False)
            else:
                target.unlink(missing_ok=True)

    def upload(self, local: Path, path: str) -> None:
        """See ``Storage``."""
        with _explained("write", path, self.uri):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(local, self.root / path)

    def open(self, path: str) -> Any:
        """See ``Storage``."""
        with _explained("read", path, self.uri):
            return (self.root / path).open("rb")

    def absolute(self, path: str) -> str:
        """See ``Storage``."""
        return str(self.root / path)


class S3Storage:
    """A bucket, or a prefix in it, through s3fs: credentials, region and endpoint as the AWS tools find them."""

    remote = True

    def __init__(self, place: str) -> None:
        if not place:
            raise UserError("an S3 lake needs a bucket", hint="s3://bucket[/prefix]")
        try:
            import s3fs
        except ImportError:
            raise UserError(
                "a lake on S3 needs s3fs, which is not installed", hint="pip install 'pothole-pipeline[s3]'"
            ) from None
        self.place = place
        self.uri, self.spark_uri = f"s3://{place}", f"s3a://{place}"
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        self.fs = s3fs.S3FileSystem(
            endpoint_url=endpoint,
            use_listings_cache=False,
            skip_instance_cache=True,
            config_kwargs={"retries": {"max_attempts": 8, "mode": "standard"}},
        )

    def _full(self, path: str) -> str:
        return f"{self.place}/{path}" if path else self.place

    def _relative(self, full: str) -> str:
        return full.removeprefix(f"{self.place}/")

    def list(self, folder: str) -> list[tuple[str, int]]:
        """See ``Storage``."""
        with _explained("list", folder, self.uri):
            try:
                found = self.fs.find(self._full(folder), detail=True)
            except FileNotFoundError:
                self._check_bucket()
                return []
        return sorted((self._relative(name), int(info["size"])) for name, info in found.items())

    def folders(self, folder: str) -> list[str]:
        """See ``Storage``."""
        with _explained("list", folder, self.uri):
            try:
                entries = self.fs.ls(self._full(folder), detail=True)
            except FileNotFoundError:
                self._check_bucket()
                return []
        return sorted(e["name"].rsplit("/", 1)[-1] for e in entries if e["type"] == "directory")

    def _check_bucket(self) -> None:
        bucket = self.place.split("/", 1)[0]
        try:
            self.fs.call_s3("head_bucket", Bucket=bucket)
        except FileNotFoundError:
            raise LakeError(f"there is no bucket {bucket}", hint="check the lake's name and AWS account") from None

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        with _explained("read", path, self.uri):
            return bytes(self.fs.cat_file(self._full(path)))

    def write(self, path: str, content: bytes) -> None:
        """See ``Storage``: one PUT."""
        with _explained("write", path, self.uri):
            self.fs.pipe_file(self._full(path), content)

    def create(self, path: str, content: bytes) -> bool:
        """See ``Storage``: a PUT with ``If-None-Match: *``."""
        bucket, _, key = self._full(path).partition("/")
        with _explained("create", path, self.uri):
            try:
                self.fs.call_s3("put_object", Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
            except FileExistsError:
                return False
            except OSError as error:
                if "PreconditionFailed" in str(error) or "pre-conditions" in str(error).lower():
                    return False
                raise
        return True

    def delete(self, path: str) -> None:
        """See ``Storage``."""
        with _explained("delete", path, self.uri):
            try:
                self.fs.rm(self._full(path), recursive=True)
            except FileNotFoundError:
                return

    def upload(self, local: Path, path: str) -> None:
        """See ``Storage``."""
        with _explained("write", path, self.uri):
            self.fs.put_file(str(local), self._full(path))

    def open(self, path: str) -> Any:
        """See ``Storage``."""
        with _explained("read", path, self.uri):
            return self.fs.open(self._full(path), "rb", block_size=1 << 20)

    def absolute(self, path: str) -> str:
        """See ``Storage``."""
        return f"s3://{self._full(path)}"


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _explained(operation: str, path: str, uri: str) -> Iterator[None]:
    """Turn what a storage may say into a LakeError; FileNotFoundError passes, since callers know what is missing."""
    try:
        yield
    except (FileNotFoundError, FileExistsError, LakeError):
        raise
    except Exception as error:
        if not _is_storage_error(error):
            raise
        cause, hint = _cause(error)
        raise LakeError(f"cannot {operation} {uri}/{path}: {cause}", hint=hint) from error


def _is_storage_error(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in ("botocore", "aiobotocore", "aiohttp")


def _cause(error: Exception) -> tuple[str, str]:
    text, name = str(error), type(error).__name__
    if isinstance(error, PermissionError) or "AccessDenied" in text or "Forbidden" in text:
        return f"access denied ({text})", "check the permissions of this user or role on that path"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left on the device", "free some space and run again; the old partition is intact"
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return "the file system is read-only", "mount it writable or choose another lake"
    if "NoCredentials" in name or "credentials" in text.lower():
        return "no AWS credentials were found", "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if "NoSuchBucket" in text:
        return "there is no such bucket", "check the lake's name and AWS account"
    if any(word in name for word in ("Endpoint", "Connect", "Timeout")):
        return f"no network ({text or name})", "check the connection and AWS_ENDPOINT_URL"
    return text or name, "see the cause above; the old partition is intact"
