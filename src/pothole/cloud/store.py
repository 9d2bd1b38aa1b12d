"""The place on S3 where the cluster's code lies, below ``s3://BUCKET/CODE_PREFIX/``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pothole.cloud import objects
from pothole.cloud.settings import CloudSettings
from pothole.errors import PipelineFailure

MANIFEST = "_manifest.json"
_LINK_SECONDS = 3600


class DamagedError(PipelineFailure):
    """What tells which version is deployed cannot be read."""


class Store:
    """Files by path; LakeError when S3 says no."""

    def __init__(self, settings: CloudSettings) -> None:
        self.bucket, self.prefix, self.s3 = settings.bucket, settings.code_prefix, objects.client(settings.region)

    def uri(self, path: str) -> str:
        """A path's address, for messages."""
        return f"s3://{self.bucket}/{self._key(path)}"

    def read(self, path: str) -> bytes:
        """A file; FileNotFoundError when there is none."""
        return objects.read(self.s3, self.bucket, self._key(path))

    def write(self, path: str, content: bytes) -> None:
        """Replace a file in one PUT."""
        with objects.explained("write", self.uri(path)):
            self.s3.put_object(Bucket=self.bucket, Key=self._key(path), Body=content)

    def delete(self, path: str) -> None:
        """Remove a file."""
        with objects.explained("delete", self.uri(path)):
            self.s3.delete_object(Bucket=self.bucket, Key=self._key(path))

    def below(self, folder: str) -> dict[str, bytes]:
        """All files of a folder, by their path in it."""
        root = self._key(folder)
        keys = [key for key, _ in objects.listed(self.s3, self.bucket, root)]
        return {key.removeprefix(root): objects.read(self.s3, self.bucket, key) for key in keys}

    def sizes(self, folders: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Every file of these folders with its size in bytes."""
        root = self._key("")
        for folder in sorted(folders):
            for key, size in objects.listed(self.s3, self.bucket, self._key(f"{folder}/")):
                yield key.removeprefix(root), size

    def manifest(self) -> dict[str, Any] | None:
        """What was deployed last; None when nothing was. DamagedError when it is no manifest."""
        try:
            found = json.loads(self.read(MANIFEST))
            files = found["files"]
            if files and all(isinstance(part, str) for part in (found["version"], *files, *files.values())):
                return dict(found)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise DamagedError(f"{self.uri(MANIFEST)} is damaged", hint="deploy again: `pothole deploy`")

    def link(self, path: str) -> str:
        """An address that gives the file to whoever asks within an hour."""
        with objects.explained("sign", self.uri(path)):
            return str(
                self.s3.generate_presigned_url(
                    "get_object", Params={"Bucket": self.bucket, "Key": self._key(path)}, ExpiresIn=_LINK_SECONDS
                )
            )

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}".lstrip("/")
