"""The day's report as files: GeoJSON for map programs, CSV for spreadsheets, the page for everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pothole.errors import LakeError
from pothole.lake.folder import FolderStorage
from pothole.report.export import SEOUL, csv_text, geojson
from pothole.report.page import render
from pothole.report.ranking import ranked
from pothole.tables import CONFIRMED


def write_report(  # noqa: PLR0913 -- all parts of a report
    out_dir: Path,
    potholes: pa.Table,
    condition: pa.Table,
    segments: pa.Table | None,
    *,
    date: str,
    attribution: str | None = None,
    run: Mapping[str, Any] | None = None,
    zone: str = SEOUL,
    confirmed: float = CONFIRMED,
) -> list[Path]:
    """Write ``potholes-DATE.geojson``, ``potholes-DATE.csv`` and ``report-DATE.html``; the paths, in this order.

    Each takes its place when it is whole. Raises LakeError when the folder cannot be made or a file cannot be written.
    """
    rows = ranked(potholes, segments, confirmed)
    page = render(
        *(potholes, condition, segments), date=date, attribution=attribution, run=run, zone=zone, confirmed=confirmed
    )
    texts = {
        f"potholes-{date}.geojson": json.dumps(geojson(rows, zone, attribution), ensure_ascii=False, indent=1),
        f"potholes-{date}.csv": csv_text(rows, zone),
        f"report-{date}.html": page,
    }
    return [_write(out_dir / name, text) for name, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(
            f"cannot write {path}: {error.strerror or error}", hint="choose another folder with --out"
        ) from error
    FolderStorage(path.parent).write(path.name, text.encode())
    return path
