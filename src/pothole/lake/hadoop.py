"""A lake as Spark's own file systems reach it: what a cluster uses, where nothing but PySpark is installed.

On ``s3a://`` writing is one PUT and swapping a PUT with a condition (Hadoop 3.4.2 and later); on ``file://``, for
trying, both are only as safe as a rename.
"""

from __future__ import annotations

import math
import uuid
from pathlib import Path
from typing import Any

from pothole.errors import LakeError
from pothole.lake.causes import explained
from pothole.lake.footer import Footer, damage
from pothole.lake.java_errors import as_python, is_missing

_PHYSICAL = {"INT64": "int64", "INT32": "int32", "DOUBLE": "double", "FLOAT": "float", "BOOLEAN": "bool"}


class HadoopStorage:
    """A lake at ``s3a://bucket[/prefix]`` or ``file:///folder`` through the session's Hadoop; see ``Storage``."""

    remote = True
    opens_files = False
    fs: Any = None

    def __init__(self, uri: str, session: Any) -> None:
        self.spark_uri = uri.rstrip("/").replace("s3://", "s3a://", 1)
        self.uri = self.spark_uri.replace("s3a://", "s3://", 1)
        self._jvm, self._conf = session._jvm, session._jsc.hadoopConfiguration()
        with explained("open", self.uri), as_python():
            self._fs = self._path("").getFileSystem(self._conf)
        self._conditional = self.spark_uri.startswith("s3a://")

    def _path(self, path: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(f"{self.spark_uri}/{path}".rstrip("/"))

    def _relative(self, path: Any) -> str:
        """A path of the file system as one of the lake."""
        root = str(self._path("").toUri().getPath()).strip("/")
        return str(path.toUri().getPath()).strip("/").removeprefix(root).lstrip("/")

    def files(self, folder: str) -> list[tuple[str, int]]:
        """See ``Storage``."""
        found = []
        with explained("list", self.absolute(folder)), as_python():
            try:
                entries = self._fs.listFiles(self._path(folder), True)
                while entries.hasNext():
                    entry = entries.next()
                    found.append((self._relative(entry.getPath()), int(entry.getLen())))
            except Exception as error:
                if not is_missing(error):
                    raise
        return sorted(found)

    def folders(self, folder: str) -> list[str]:
        """See ``Storage``."""
        with explained("list", self.absolute(folder)), as_python():
            try:
                entries = self._fs.listStatus(self._path(folder))
            except Exception as error:
                if not is_missing(error):
                    raise
                return []
            return sorted(e.getPath().getName() for e in entries if e.isDirectory())

    def read(self, path: str) -> bytes:
        """See ``Storage``."""
        with explained("read", self.absolute(path)), as_python():
            stream = self._fs.open(self._path(path))
            try:
                return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream))
            finally:
                stream.close()

    def write(self, path: str, content: bytes) -> None:
        """See ``Storage``: one PUT, or a rename."""
        with explained("write", self.absolute(path)), as_python():
            if self._conditional:
                self._put(self._fs.create(self._path(path), True), content)
                return
            temporary = self._path(f"{path}.{uuid.uuid4().hex[:8]}.tmp")
            self._put(self._fs.create(temporary, True), content)
            self._fs.delete(self._path(path), False)
            if not self._fs.rename(temporary, self._path(path)):
                raise OSError("the rename was refused")

    def swap(self, path: str, old: bytes | None, new: bytes) -> bool:
        """See ``Storage``: a PUT with ``If-None-Match: *``, or with ``If-Match`` and the old content's ETag."""
        target = self._path(path)
        try:
            with explained("write", self.absolute(path)), as_python():
                if not self._conditional:
                    return self._swap_by_looking(path, old, new)
                builder = self._fs.createFile(target)
                if old is None:
                    builder = builder.overwrite(False).must("fs.option.create.conditional.overwrite", True)
                else:
                    tag = self._fs.getFileStatus(target).getEtag()  # before the content: a later change shows
                    if self.read(path) != old:
                        return False
                    builder = builder.overwrite(True).must("fs.option.create.conditional.overwrite.etag", tag)
                self._put(builder.build(), new)
        except (FileExistsError, FileNotFoundError):
            return False
        return True

    def _swap_by_looking(self, path: str, old: bytes | None, new: bytes) -> bool:
        try:
            found = self.read(path)
        except FileNotFoundError:
            found = None
        if found == old:
            self.write(path, new)
        return found == old

    def _put(self, stream: Any, content: bytes) -> None:
        stream.write(bytearray(content))
        stream.close()

    def delete(self, path: str) -> None:
        """See ``Storage``."""
        with explained("delete", self.absolute(path)), as_python():
            self._fs.delete(self._path(path), True)

    def untouched_seconds(self, path: str) -> float:
        """See ``Storage``: an object appears whole."""
        return math.inf

    def upload(self, local: Path, path: str) -> None:
        """See ``Storage``."""
        self.write(path, local.read_bytes())

    def settle(self, path: str) -> None:
        """See ``Storage``: an object that was written is safe."""

    def open(self, path: str) -> Any:
        """Not here: on a cluster Spark reads the lake's tables."""
        raise LakeError(f"{self.absolute(path)} is read by Spark, not by its driver")

    def footer(self, path: str) -> Footer:
        """See ``Storage``: Parquet's own reader."""
        parquet = self._jvm.org.apache.parquet.hadoop
        with explained("read", self.absolute(path)), as_python():
            reader = parquet.ParquetFileReader.open(parquet.util.HadoopInputFile.fromPath(self._path(path), self._conf))
            try:
                footer = reader.getFooter()
                fields = list(footer.getFileMetaData().getSchema().getFields())
                groups = [int(block.getRowCount()) for block in footer.getBlocks()]
            finally:
                reader.close()
        return Footer({str(f.getName()): _type(f) for f in fields}, sum(groups), damage(sum(groups), groups))

    def absolute(self, path: str) -> str:
        """See ``Storage``."""
        return f"{self.spark_uri}/{path}".rstrip("/")


def _type(field: Any) -> str:
    """A Parquet column's type by Arrow's name."""
    if not field.isPrimitive():
        return "nested"
    note = field.getLogicalTypeAnnotation()
    physical, meaning = str(field.asPrimitiveType().getPrimitiveTypeName().toString()), str(note)
    if physical == "BINARY":
        return "string" if meaning in ("STRING", "ENUM") else "binary"
    if note is None or meaning.startswith("INTEGER"):
        return _PHYSICAL.get(physical, physical.lower())
    return meaning.lower()
