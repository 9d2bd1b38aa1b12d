"""What is in the raw partition: every file's footer looked at before anything is computed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date as Date

from pothole.errors import BadInputError, LakeError, NoDataError
from pothole.lake.causes import is_about_content
from pothole.lake.footer import Footer
from pothole.lake.storage import Storage
from pothole.tables import RAW

_THREADS = 16

#: Types that are a column's own or widen to it without loss, on every engine.
_ACCEPTED = {
    "bigint": ("int64",),
    "int": ("int32", "int16", "int8"),
    "double": ("double", "float", "int32", "int16", "int8"),
    "string": ("string", "large_string", "string_view"),
}


@dataclass(frozen=True)
class RawFile:
    """A raw file that can be read: absolute path, size and rows."""

    path: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class SkippedFile:
    """A raw file that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class RawInput:
    """The raw files of a date."""

    files: tuple[RawFile, ...]
    skipped: tuple[SkippedFile, ...]


def check(storage: Storage, date: str, dates: list[str], *, skip_bad: bool) -> RawInput:
    """The files of a date that have rows, each checked. NoDataError when there are none, with the nearest ``dates``."""
    found, others = find(storage, date)
    checked = _inspect(storage, found, skip_bad=skip_bad)
    files = tuple(f for f in checked.files if f.rows > 0)
    if files:
        return RawInput(files, checked.skipped)
    place = storage.absolute(f"{RAW.name}/dt={date}")
    message = f"no raw data for {date} in {storage.uri} (입력 데이터 없음: {place})"
    if checked.skipped:
        first = checked.skipped[0]
        raise NoDataError(f"{message}: no file could be used, the first since {first.path}: {first.reason}")
    hint = f"{others[0]} lies there; `pothole ingest` turns CSV into raw data" if others else None
    near = sorted(sorted((d for d in dates if d != date), key=lambda d: abs(_day(d) - _day(date)))[:3])
    nearest = f"the nearest dates there are {', '.join(near)}" if near else f"{RAW.name}/ has no other date"
    raise NoDataError(f"{message}; {nearest}", hint=hint)


def bounds(storage: Storage, path: str) -> tuple[float, float, float, float] | None:
    """West, east, south and north of most positions in a file's first row group (1st to 99th percentile), degrees."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    with storage.open(path) as file:
        try:
            table = pq.ParquetFile(file).read_row_group(0, columns=["lon", "lat"])
        except (pa.ArrowException, OSError) as error:
            if not is_about_content(error):
                raise
            raise BadInputError(f"{storage.absolute(path)} is damaged: {error}", hint="mend or remove it") from error
    lon, lat = (table[c].drop_null().to_numpy().astype(float) for c in ("lon", "lat"))
    lon, lat = lon[np.isfinite(lon)], lat[np.isfinite(lat)]
    if not len(lon) or not len(lat):
        return None
    west, east = np.percentile(lon, [1, 99])
    south, north = np.percentile(lat, [1, 99])
    return float(west), float(east), float(south), float(north)


def find(storage: Storage, date: str) -> tuple[list[tuple[str, int]], list[str]]:
    """The date's Parquet files with their sizes, and the names of what else lies there. Hidden things are neither."""
    files, others = [], []
    folder = f"{RAW.name}/dt={date}"
    for path, size in storage.files(folder):
        name = path.removeprefix(f"{folder}/")
        if any(part.startswith((".", "_")) for part in name.split("/")):
            continue
        if name.endswith(".parquet"):
            files.append((path, size))
        else:
            others.append(name)
    return files, others


def _inspect(storage: Storage, found: list[tuple[str, int]], *, skip_bad: bool) -> RawInput:
    """Check every file's columns and types. BadInputError names the first bad one, unless ``skip_bad``."""
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        results = list(pool.map(lambda f: _look(storage, *f), found))
    files = tuple(r for r in results if isinstance(r, RawFile))
    skipped = tuple(r for r in results if isinstance(r, SkippedFile))
    if skipped and not skip_bad:
        more = f" (and {len(skipped) - 1} more such files)" if len(skipped) > 1 else ""
        raise BadInputError(
            f"{skipped[0].path}: {skipped[0].reason}{more}",
            hint="mend it (`pothole ingest` brings other layouts into this one), or go on without it: --skip-bad-files",
        )
    return RawInput(files, skipped)


def _look(storage: Storage, path: str, size: int) -> RawFile | SkippedFile:
    absolute = storage.absolute(path)
    try:
        footer = storage.footer(path)
    except LakeError:
        raise
    except FileNotFoundError:
        return SkippedFile(absolute, "it was removed while it was being read")
    except Exception as error:  # damaged footers make the Parquet reader raise many kinds of errors
        return SkippedFile(absolute, f"not a readable Parquet file: {' '.join(str(error).split())[:200]}")
    problem = _misfit(footer) or footer.problem
    return SkippedFile(absolute, problem) if problem else RawFile(absolute, size, footer.rows)


def _misfit(footer: Footer) -> str | None:
    """What is wrong with a file's columns: the first that is missing or of another type."""
    for column in RAW.columns:
        if column.name not in footer.columns:
            return f"column {column.name} is missing: expected {column.type}, found {', '.join(footer.columns)}"
        kind = footer.columns[column.name]
        if not (kind in _ACCEPTED[column.type] or (kind == "null" and column.nullable)):
            unit = f" ({column.unit})" if column.unit else ""
            return f"column {column.name}: expected {column.type}{unit}, found {kind}"
    return None


def _day(text: str) -> int:
    return Date.fromisoformat(text).toordinal()
