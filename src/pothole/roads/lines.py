"""Road lines as other people keep them, read into one form: OSM extracts, the Korean ITS node-link set, any vector file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pothole.errors import BadInputError, UserError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RoadLine:
    """One line of a road: its vertices (n, 2) as longitude and latitude, and in which directions it is driven."""

    line_id: str
    vertices: Array
    name: str | None
    grade: int | None
    forward: bool = True
    backward: bool = True
    directed: bool = False
    """Whether the source itself has a line for every direction, so that its id is the link's."""


#: Importance 1..5 by OSM's highway class; other classes are not driven.
OSM_GRADES = {
    "motorway": 5, "motorway_link": 5, "trunk": 5, "trunk_link": 5, "primary": 4, "primary_link": 4, "secondary": 3,
    "secondary_link": 3, "tertiary": 3, "tertiary_link": 2, "unclassified": 2, "residential": 2, "living_street": 1,
    "road": 1,
}  # fmt: skip
#: Importance by ROAD_RANK of the Korean ITS standard node-link set (101 motorway ... 107 other).
ITS_GRADES = {"101": 5, "102": 5, "103": 5, "104": 4, "105": 3, "106": 3, "107": 2, "108": 1}
_IDS = ("id", "link_id", "osm_id", "fid", "ID")
_NAMES = ("name", "road_name", "ROAD_NAME", "NAME", "streetname")


@dataclass(frozen=True)
class ReadOptions:
    """What the file cannot say of itself."""

    layer: str | None = None
    crs: str | None = None
    """Coordinate system to assume where the file names none, or to believe instead of it."""
    encoding: str | None = None
    bbox: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees."""


def read_lines(path: Path, options: ReadOptions) -> list[RoadLine]:
    """The driven lines of a file. BadInputError when it cannot be read or holds none."""
    if not path.exists():
        raise UserError(f"there is no file {path}")
    columns, geometries, crs = _read(path, options)
    kinds = {"osm": _osm, "its": _its, "any": _any}
    kind = "osm" if is_osm(path) else "its" if {"LINK_ID", "F_NODE", "T_NODE"} <= columns.keys() else "any"
    lines = [line for line in kinds[kind](columns, geometries) if len(line.vertices) >= 2]
    lines = _in_degrees(lines, crs, path)
    if options.bbox is not None:
        west, south, east, north = options.bbox
        lines = [
            line for line in lines
            if ((line.vertices >= (west, south)) & (line.vertices <= (east, north))).all(1).any()
        ]  # fmt: skip
    if not lines:
        raise BadInputError(f"{path} holds no road that is driven", hint="check --layer and --bbox")
    return split_at_junctions(lines) if kind == "osm" else lines


def is_osm(path: Path) -> bool:
    """Whether the name is that of an OSM extract."""
    return path.name.endswith((".osm", ".osm.pbf", ".pbf"))


def _read(path: Path, options: ReadOptions) -> tuple[dict[str, Any], Any, str | None]:
    try:
        import pyogrio
        import shapely
    except ImportError:
        raise UserError(
            "reading road networks needs pyogrio and shapely, which are not installed",
            hint="pip install 'pothole-pipeline[roads]'",
        ) from None
    layer = options.layer or ("lines" if is_osm(path) else None)
    try:
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer, encoding=options.encoding)
    except Exception as error:  # GDAL's many errors, all of which mean that the file cannot be read
        raise BadInputError(
            f"cannot read {path}: {' '.join(str(error).split())}", hint="check the file and --layer"
        ) from None
    if wkb is None:
        raise BadInputError(f"{path} has no geometry", hint="check --layer")
    columns = dict(zip(meta["fields"], values, strict=True))
    crs = options.crs or meta["crs"]
    if crs is None and not is_osm(path):
        raise BadInputError(
            f"{path} does not say its coordinate system", hint="--crs, for example EPSG:5186 or EPSG:4326"
        )
    return columns, shapely.from_wkb(wkb), crs


def _parts(geometry: Any) -> Iterator[Array]:
    """Vertices of each line of a geometry; none for points and areas."""
    import shapely

    if geometry is not None:
        for part in shapely.get_parts(geometry):
            if part.geom_type in ("LineString", "LinearRing"):
                yield np.asarray(part.coords)[:, :2]


def _tag(other: Any, key: str) -> str | None:
    """A tag from GDAL's ``other_tags``: "key"=>"value" pairs."""
    found = re.search(rf'"{re.escape(key)}"=>"((?:[^"\\]|\\.)*)"', str(other or ""))
    return found.group(1) if found else None


def _osm(columns: dict[str, Any], geometries: Any) -> Iterator[RoadLine]:
    names = columns.get("name", [None] * len(geometries))
    rows = zip(columns["osm_id"], columns["highway"], names, columns["other_tags"], geometries, strict=True)
    for osm_id, highway, name, other, geometry in rows:
        if highway not in OSM_GRADES or _tag(other, "area") == "yes" or _tag(other, "access") in ("no", "private"):
            continue
        oneway = _tag(other, "oneway")
        round_trip = _tag(other, "junction") in ("roundabout", "circular")
        one = oneway in ("yes", "true", "1") or (oneway is None and (round_trip or highway.startswith("motorway")))
        for vertices in _parts(geometry):
            yield RoadLine(
                str(osm_id), vertices, _text(name) or _text(_tag(other, "name:en")), OSM_GRADES[highway],
                forward=oneway != "-1", backward=not one,
            )  # fmt: skip


def _its(columns: dict[str, Any], geometries: Any) -> Iterator[RoadLine]:
    n = len(geometries)
    rows = zip(
        columns["LINK_ID"],
        columns.get("ROAD_NAME", [None] * n),
        columns.get("ROAD_RANK", [None] * n),
        geometries,
        strict=True,
    )
    for link, name, rank, geometry in rows:
        for i, vertices in enumerate(_parts(geometry)):
            suffix = f"-{i}" if i else ""
            yield RoadLine(
                f"{link}{suffix}", vertices, _text(name), ITS_GRADES.get(str(rank)), backward=False, directed=True
            )


def _any(columns: dict[str, Any], geometries: Any) -> Iterator[RoadLine]:
    n = len(geometries)
    ids = next((columns[c] for c in _IDS if c in columns), [str(i) for i in range(n)])
    names = next((columns[c] for c in _NAMES if c in columns), [None] * n)
    oneways = columns.get("oneway", [None] * n)
    grades = columns.get("road_grade", columns.get("grade", [None] * n))
    highways = columns.get("highway", [None] * n)
    for number, (given, name, oneway, grade, highway, geometry) in enumerate(
        zip(ids, names, oneways, grades, highways, geometries, strict=True)
    ):
        line_id = _text(given) or str(number)
        one = str(oneway).lower() in ("yes", "true", "1", "-1", "1.0")
        level = int(grade) if _text(grade) else OSM_GRADES.get(str(highway))
        for i, vertices in enumerate(_parts(geometry)):
            suffix = f"-{i}" if i else ""
            yield RoadLine(
                f"{line_id}{suffix}", vertices, _text(name), level, forward=str(oneway) != "-1",
                backward=not one or str(oneway) == "-1",
            )  # fmt: skip


def _text(value: Any) -> str | None:
    """A value as text; None for nothing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    text = str(value).strip()
    return text if text and text not in ("nan", "None") else None


def _in_degrees(lines: list[RoadLine], crs: str | None, path: Path) -> list[RoadLine]:
    """The lines in WGS84; BadInputError when that puts them outside the world."""
    if crs not in (None, "EPSG:4326", "OGC:CRS84") and lines:
        from pyproj import Transformer
        from pyproj.exceptions import ProjError

        try:
            transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        except ProjError:
            raise UserError(f"unknown coordinate system {crs!r}", hint="an EPSG code, for example EPSG:5186") from None
        lines = [replace(line, vertices=np.stack(transformer.transform(*line.vertices.T), 1)) for line in lines]
    for line in lines:
        if not np.isfinite(line.vertices).all() or (np.abs(line.vertices) > (180, 90)).any():
            worst = line.vertices[np.abs(line.vertices[:, 1]).argmax()]
            swapped = (np.abs(line.vertices[:, ::-1]) <= (180, 90)).all()
            hint = "lon and lat look reversed" if swapped else "check --crs"
            raise BadInputError(f"{path}: line {line.line_id} lies outside the world at {worst.tolist()}", hint=hint)
    return lines


def split_at_junctions(lines: list[RoadLine]) -> list[RoadLine]:
    """OSM ways as links: cut at vertices that several ways share, so that a link has no junction inside."""
    shared = Counter(tuple(v) for line in lines for v in np.round(line.vertices, 7).tolist())
    links = []
    for line in lines:
        inside = [i for i, v in enumerate(np.round(line.vertices, 7).tolist()) if shared[tuple(v)] > 1]
        cuts = sorted({0, len(line.vertices) - 1, *inside})
        for part, (a, b) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            links.append(replace(line, line_id=f"{line.line_id}-{part}", vertices=line.vertices[a : b + 1]))
    return links
