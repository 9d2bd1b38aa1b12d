"""One page that needs nothing else: style, map library, data and script in a single HTML file.

The data stands in a ``<script type="application/json">`` and reaches the page through ``textContent`` alone, so a
street's name is never read as HTML. A content security policy names the two scripts by their hashes: nothing else runs,
nothing is loaded.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date as Date
from importlib.resources import files
from typing import Any

import pyarrow as pa

from pothole.report.export import SEOUL, csv_text, geojson
from pothole.report.ranking import ranked
from pothole.report.roadlines import road_lines
from pothole.report.summary import summarise
from pothole.tables import CONFIRMED

#: Upper ends of the classes smooth, slightly rough and rough, RMS in m/s2. They are bounds of ISO 2631-1 (annex C): up
#: to .315 a ride is "not uncomfortable", up to .63 "a little uncomfortable", from 1.25 on "very uncomfortable". The
#: medians of recordings on good and on bad roads lie around .25 and .85.
ROUGHNESS_STEPS_MPS2 = (0.315, 0.63, 1.25)
#: Severity from which a pothole is drawn as moderate, and as severe.
SEVERITY_STEPS = (34, 67)

#: Joined to one script, in this order: later files use what earlier ones define.
_SCRIPTS = (
    "format.js",
    "palette.js",
    "roads.js",
    "labels.js",
    "markers.js",
    "table.js",
    "detail.js",
    "filters.js",
    "main.js",
)


def render(
    potholes: pa.Table,
    condition: pa.Table,
    segments: pa.Table | None,
    *,
    date: str,
    attribution: str | None = None,
    run: Mapping[str, Any] | None = None,
    zone: str = SEOUL,
    confirmed: float = CONFIRMED,
) -> str:
    """The page of one day as HTML.

    Takes ``tables.POTHOLES``, ``tables.CONDITION`` and ``tables.SEGMENTS`` (None: no road network) of that date, the
    map data's attribution (such as OpenStreetMap's), facts of the run to print at the foot, the zone of the times,
    and the confidence from which a candidate counts as confirmed.
    """
    rows = ranked(potholes, segments, confirmed)
    data = {
        "date": date,
        "zone": zone,
        "summary": asdict(summarise(rows, condition, segments)),
        "potholes": geojson(rows, zone, attribution),
        "csv": csv_text(rows, zone),
        "roads": road_lines(condition, segments),
        "attribution": attribution or "",
        "steps": {"roughness": ROUGHNESS_STEPS_MPS2, "severity": SEVERITY_STEPS, "confirmed": confirmed},
    }
    return _fill(_asset("page.html"), _parts(date, data, run or {}))


def _parts(date: str, data: dict[str, Any], run: Mapping[str, Any]) -> dict[str, str]:
    """What replaces the template's ``{{name}}`` marks."""
    leaflet = f"/*!\n{_asset('vendor/LICENSE')}*/\n{_asset('vendor/leaflet.js')}"
    script = '"use strict";\n(() => {\n' + "\n".join(_asset(f"js/{name}") for name in _SCRIPTS) + "})();\n"
    return {
        "date": html.escape(date),
        "day": html.escape(_long_date(date)),
        "policy": f"default-src 'none'; style-src 'unsafe-inline'; script-src {_hash(leaflet)} {_hash(script)}",
        "style": _asset("vendor/leaflet.css") + _asset("style.css"),
        "leaflet": leaflet,
        "data": json_in_html(data),
        "script": script,
        "run": " · ".join(html.escape(f"{name.replace('_', ' ')} {value}") for name, value in run.items()),
    }


def json_in_html(data: Any) -> str:
    """JSON that cannot end the script element it stands in; raises ValueError for NaN and infinity."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _long_date(date: str) -> str:
    """``2026-02-12`` as ``Thursday, 12 February 2026``."""
    day = Date.fromisoformat(date)
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """Replace every ``{{name}}`` once; what is filled in is not searched again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], template)


def _asset(name: str) -> str:
    return files("pothole.report").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
