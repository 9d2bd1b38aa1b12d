"""A source file as batches of columns: CSV as text, Parquet as its own types; damage is named with its place."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol, cast

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from pothole.errors import BadInputError
from pothole.ingest.mapping import Csv

_BLOCK_BYTES = 16 << 20
_BATCH_ROWS = 500_000
_DELIMITERS = ",;\t|"


class SourceFile(Protocol):
    """A file that was opened and whose columns are known."""

    path: Path
    columns: list[str]
    decimal: str
    null_values: list[str]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some of its columns, all rows in file order."""
        ...

    def place(self, row: int) -> str:
        """Where the 0-based row stands, in words."""
        ...


def open_file(path: Path, options: Csv) -> SourceFile:
    """A CSV or Parquet file, told by its first bytes; BadInputError when it is neither."""
    try:
        with _open(path) as file:
            start = cast(bytes, file.read(4096))
    except FileNotFoundError:
        raise BadInputError(f"there is no file {path}", hint="check the file names") from None
    except (OSError, EOFError) as error:
        raise BadInputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None
    if start.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return ParquetSource(path)
    if not start.strip():
        raise BadInputError(f"{path} is empty, expected CSV with a header, or Parquet")
    return CsvSource(path, options, options.encoding or _encoding(path, start))


def check_columns(source: SourceFile, wanted: dict[str, str]) -> None:
    """BadInputError for the first source column (raw column -> source column) that the file does not have."""
    for target, column in wanted.items():
        if column not in source.columns:
            near = difflib.get_close_matches(column, source.columns, n=1, cutoff=0.5)
            raise BadInputError(
                f"{source.path}: column {column} (for {target}) is missing; found {', '.join(source.columns)}",
                hint=f"did you mean {near[0]}?" if near else "mend the mapping's column names",
            )


class ParquetSource:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.decimal, self.null_values = ".", [""]
        with self._explained():
            self._file = pq.ParquetFile(path)
            self.columns: list[str] = self._file.schema_arrow.names

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See ``SourceFile``."""
        with self._explained():
            yield from self._file.iter_batches(_BATCH_ROWS, columns=list(columns))

    def place(self, row: int) -> str:
        """See ``SourceFile``."""
        return f"row {row + 1}"

    def _explained(self) -> _Explained:
        return _Explained(f"{self.path} is not a readable Parquet file", "it may be cut off: copy or export it again")


class CsvSource:
    """A CSV file, gzip-compressed when its name ends in .gz."""

    def __init__(self, path: Path, options: Csv, encoding: str) -> None:
        self.path = path
        self.null_values = options.null_values
        self._encoding = encoding
        header = self._header(options.skip_lines)
        self._delimiter = options.delimiter or max(_DELIMITERS, key=header.count)
        self.decimal: str = options.decimal or ("," if self._delimiter == ";" else ".")
        self.columns = [n.strip() for n in next(csv.reader([header], delimiter=self._delimiter))]

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See ``SourceFile``."""
        names = [n if self.columns.count(n) == 1 else f"{n} ({i})" for i, n in enumerate(self.columns)]
        if twice := [c for c in columns if c not in names]:
            raise BadInputError(f"{self.path} has several columns {twice[0]}", hint="rename all but one in the header")
        with self._explained(), _open(self.path) as file:
            if not self._has_rows():
                return
            yield from pacsv.open_csv(
                file,
                pacsv.ReadOptions(
                    column_names=names, skip_rows=self._header_lines, block_size=_BLOCK_BYTES,
                    encoding="utf8" if self._encoding == "utf-8-sig" else self._encoding,
                ),
                pacsv.ParseOptions(delimiter=self._delimiter),
                pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), include_columns=list(columns)),
            )  # fmt: skip

    def place(self, row: int) -> str:
        """See ``SourceFile``. Counts again, for blank lines are no rows."""
        filled = (number for number, line in self._lines() if line.strip("\r\n"))
        return f"line {next(islice(filled, row, None), '?')}"

    def _header(self, skip: int) -> str:
        """The first line that is not blank after those that are skipped."""
        with self._explained(), self._text() as text:
            for number, line in enumerate(text, 1):
                if number > skip and line.strip():
                    self._header_lines = number
                    return line.rstrip("\r\n")
        raise BadInputError(f"{self.path} has no header after {skip} lines", hint="check csv.skip_lines")

    def _text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(cast(IO[bytes], _open(self.path)), self._encoding, newline="")

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Lines after the header with their numbers in the file."""
        with self._text() as text:
            yield from islice(enumerate(text, 1), self._header_lines, None)

    def _has_rows(self) -> bool:
        return any(line.strip() for _, line in self._lines())

    def _ragged(self) -> str:
        """Which line has another number of fields than the header."""
        rows = ((number, next(csv.reader([line], delimiter=self._delimiter), [])) for number, line in self._lines())
        wrong = next(((n, len(fields)) for n, fields in rows if fields and len(fields) != len(self.columns)), None)
        return f", line {wrong[0]}: {wrong[1]} fields, expected {len(self.columns)}" if wrong else ""

    def _explained(self) -> _Explained:
        return _Explained(f"{self.path} is not a readable CSV file", "", self)


class _Explained:
    """Turns what Arrow and the codecs say of a damaged file into BadInputError."""

    def __init__(self, what: str, hint: str, source: CsvSource | None = None) -> None:
        self.what, self.hint, self.source = what, hint, source

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if not isinstance(error, pa.ArrowException | UnicodeError | OSError | EOFError | csv.Error):
            return
        cause = " ".join(str(error).split())[:200]
        if isinstance(error, UnicodeError) or "invalid UTF8" in cause:
            hint = "name its encoding in the mapping, such as csv: {encoding: cp949}"
            raise BadInputError(f"{self.what}: {cause}", hint=hint) from None
        if self.source is not None and "Expected" in cause:
            hint = "mend or remove that line; the last line of a file may be cut off"
            raise BadInputError(f"{self.what}{self.source._ragged()} ({cause})", hint=hint) from None
        raise BadInputError(f"{self.what}: {cause}", hint=self.hint or None) from None


def _open(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def _encoding(path: Path, start: bytes) -> str:
    """UTF-16 by its byte order mark, else UTF-8. BadInputError for what is no text."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in start:
        raise BadInputError(
            f"{path} is neither CSV nor Parquet: it holds binary data", hint="export it as CSV or Parquet"
        )
    return "utf-8-sig"
