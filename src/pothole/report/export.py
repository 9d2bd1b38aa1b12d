"""The day's list in two forms for other programs: GeoJSON for maps, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pothole.report.ranking import Ranked

SEOUL = "Asia/Seoul"

#: Decimals that mean something: 1e-7 degrees are a centimetre.
_DECIMALS = {
    "lon": 7,
    "lat": 7,
    "radius_m": 1,
    "heading": 1,
    "confidence": 4,
    "severity": 1,
    "priority": 2,
    "offset_m": 1,
}


def geojson(rows: list[Ranked], zone: str = SEOUL, attribution: str | None = None) -> dict[str, Any]:
    """The list as a GeoJSON FeatureCollection (RFC 7946) of points in rank order."""
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    if attribution:
        collection["attribution"] = attribution
    return collection | {"features": [_feature(row, zone) for row in rows]}


def csv_text(rows: list[Ranked], zone: str = SEOUL) -> str:
    """The list as CSV with a header, opened by spreadsheets as UTF-8 (byte order mark) and never as formulas."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Ranked.__dataclass_fields__), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        plain = properties(row, zone)
        writer.writerow({k: _no_formula(v) if isinstance(v, str) else v for k, v in plain.items()})
    return "\ufeff" + text.getvalue()


def properties(row: Ranked, zone: str = SEOUL) -> dict[str, Any]:
    """A row as people's programs read it: rounded, times in ISO 8601 with the zone's offset."""
    plain = asdict(row)
    plain |= {k: round(plain[k], n) for k, n in _DECIMALS.items() if plain[k] is not None}
    return plain | {"first_seen": local_time(row.first_seen, zone), "last_seen": local_time(row.last_seen, zone)}


def local_time(epoch_ms: int, zone: str) -> str:
    """UTC epoch milliseconds as ISO 8601 to the second in that zone."""
    return datetime.fromtimestamp(epoch_ms // 1000, UTC).astimezone(ZoneInfo(zone)).isoformat()


def _feature(row: Ranked, zone: str) -> dict[str, Any]:
    plain = properties(row, zone)
    point = {"type": "Point", "coordinates": [plain.pop("lon"), plain.pop("lat")]}
    return {"type": "Feature", "id": row.pothole_id, "geometry": point, "properties": plain}


def _no_formula(text: str) -> str:
    """A street or road segment called ``=1+1`` stays text in a spreadsheet (OWASP, "CSV injection")."""
    return "'" + text if text[:1] in set("=+-@\t\r") else text
