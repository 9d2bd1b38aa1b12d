"""Road lines as other people keep them, read into one form: OSM extracts, the Korean ITS set, any vector file."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pothole import extras
from pothole.errors import BadInputError, UserError

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
_OUTSIDE_DEG = 10.0
"""A network this far outside of where its coordinate system is used was not written in it."""


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


@dataclass(frozen=True)
class ReadOptions:
    """What the file cannot say of itself."""

    layer: str | None = None
    crs: str | None = None
    """Coordinate system to assume where the file names none, or to believe instead of it."""
    encoding: str | None = None
    bbox: Box | None = None
    """West, south, east, north in degrees."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Which column of a vector file holds the ``id``, ``name``, ``grade``, ``class`` or ``oneway``."""
    directed: bool = False
    """Every line of a vector file is one direction of its road already."""


def is_osm(path: Path) -> bool:
    """Whether the name is that of an OSM extract."""
    return path.name.lower().endswith((".osm", ".pbf"))


def read_lines(path: Path, options: ReadOptions) -> list[RoadLine]:
    """The driven lines of a file in WGS84. BadInputError when it cannot be read or holds none."""
    from pothole.roads import osm, vector

    if not path.exists():
        raise UserError(f"there is no file {path}", hint="give a GeoJSON, GeoPackage, shapefile or OSM extract")
    lines, crs = osm.read(path) if is_osm(path) else vector.read(path, options)
    lines = [line for line in lines if len(line.vertices) >= 2]
    if not lines:
        raise BadInputError(f"{path} holds no road that is driven", hint="check the file, --layer and --columns")
    lines = in_degrees(lines, crs, str(path))
    return lines if options.bbox is None else _inside(lines, options.bbox, str(path))


def read_file(path: Path, **options: Any) -> tuple[dict[str, Any], Any, str | None]:
    """A layer's columns by name, geometries (shapely) and coordinate system. BadInputError when GDAL cannot."""
    pyogrio, shapely = import_gdal()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # such as ids that GDAL makes unique; ours are own ones
            meta, _, wkb, values = pyogrio.raw.read(path, **options)
    except Exception as error:  # GDAL's many errors, all of which mean that the file cannot be read
        raise unreadable(path, error) from None
    if wkb is None:
        raise BadInputError(f"{path} has no geometry", hint="check --layer")
    return dict(zip(meta["fields"], values, strict=True)), shapely.from_wkb(wkb), meta["crs"]


def unreadable(path: Path, error: Exception) -> BadInputError:
    """What GDAL says about a file it cannot read, in one line."""
    return BadInputError(
        f"cannot read {path}: {' '.join(str(error).split())}",
        hint="expected a GeoJSON (.geojson), GeoPackage (.gpkg), shapefile (.shp) or OSM extract (.osm, .osm.pbf)",
    )


def import_gdal() -> tuple[Any, Any]:
    """The modules pyogrio and shapely; UserError where they are not installed."""
    try:
        import pyogrio
        import pyproj  # noqa: F401  (used later: say what is missing before the work is done)
        import shapely
    except ImportError as error:
        raise extras.missing(error.name or "pyogrio", what="reading road networks") from None
    return pyogrio, shapely


def parts(geometry: Any) -> list[Array]:
    """Vertices (n, 2) of each line of a geometry; none for points and areas."""
    import shapely

    lines = [] if geometry is None else shapely.get_parts(geometry)
    return [np.asarray(g.coords)[:, :2] for g in lines if g.geom_type in ("LineString", "LinearRing")]


def text(value: Any) -> str | None:
    """A column's value as text, whole numbers without a fraction; None for nothing."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def in_degrees(lines: list[RoadLine], crs: str | None, source: str) -> list[RoadLine]:
    """The lines in WGS84; UserError for an unknown system, BadInputError when the coordinates are not in it."""
    if crs not in (None, "EPSG:4326", "OGC:CRS84"):
        from pyproj import CRS, Transformer
        from pyproj.exceptions import ProjError

        try:
            system = CRS.from_user_input(crs)
            transformer = Transformer.from_crs(system, "EPSG:4326", always_xy=True)
        except ProjError:
            raise UserError(f"unknown coordinate system {crs!r}", hint="an EPSG code, for example EPSG:5186") from None
        lines = [replace(line, vertices=np.stack(transformer.transform(*line.vertices.T), 1)) for line in lines]
        _check_area(lines, system, source)
    for line in lines:
        if not np.isfinite(line.vertices).all() or (np.abs(line.vertices) > (180, 90)).any():
            worst = line.vertices[np.abs(line.vertices[:, 1]).argmax()]
            swapped = (np.abs(line.vertices[:, ::-1]) <= (180, 90)).all()
            hint = "lon and lat look reversed" if swapped else "if these are metres, give their system: --crs EPSG:5186"
            raise BadInputError(
                f"{source}: line {line.line_id} lies outside the world at lon {worst[0]:.6g}, lat {worst[1]:.6g}",
                hint=hint,
            )
    return lines


def _check_area(lines: list[RoadLine], system: Any, source: str) -> None:
    lon, lat = np.median(np.concatenate([line.vertices for line in lines]), axis=0)
    area = system.area_of_use
    if area is None:
        return
    reach = (area.west - _OUTSIDE_DEG, area.south - _OUTSIDE_DEG, area.east + _OUTSIDE_DEG, area.north + _OUTSIDE_DEG)
    inside = np.isfinite([lon, lat]).all() and reach[1] <= lat <= reach[3]
    if not (inside and (area.west > area.east or reach[0] <= lon <= reach[2])):
        raise BadInputError(
            f"{source}: as {system.name} the roads would lie around lon {lon:.3f}, lat {lat:.3f}, but it is used for "
            f"{area.name}",
            hint="check --crs, and whether x and y are reversed",
        )


def _inside(lines: list[RoadLine], box: Box, source: str) -> list[RoadLine]:
    """The lines that touch a box; BadInputError when there are none."""
    import shapely

    geometries = [shapely.linestrings(line.vertices) for line in lines]
    kept = [line for line, hit in zip(lines, shapely.intersects(geometries, shapely.box(*box)), strict=True) if hit]
    if kept:
        return kept
    west, south, east, north = shapely.total_bounds(geometries)
    swapped = shapely.intersects(geometries, shapely.box(box[1], box[0], box[3], box[2])).any()
    raise BadInputError(
        f"{source} has no road in --bbox {','.join(f'{v:g}' for v in box)}",
        hint="lon and lat look reversed in one of the two"
        if swapped
        else f"its roads lie in {west:.4f},{south:.4f},{east:.4f},{north:.4f} (west,south,east,north)",
    )
