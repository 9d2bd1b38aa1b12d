"""Vector files: GeoJSON, GeoPackage, shapefile; among them the Korean ITS standard node-link set (MOCT_LINK)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pothole.errors import BadInputError, UserError
from pothole.roads.lines import ReadOptions, RoadLine, import_gdal, parts, read_file, text, unreadable
from pothole.roads.osm import GRADES, split_at_junctions

#: Importance by ROAD_RANK of the ITS set: two kinds of motorway, national, metropolitan, provincial, city, other.
ITS_GRADES = {"101": 5, "102": 5, "103": 5, "104": 4, "105": 3, "106": 3, "107": 2, "108": 1}
ITS_ENCODING = "CP949"
_NOT_SAID = "ISO-8859-1"
"""What GDAL takes a shapefile's text for when nothing says what it is."""
_ITS = {"LINK_ID", "F_NODE", "T_NODE"}
#: What a column may be called, in the order in which it is looked for; upper and lower case are the same.
ROLES = {
    "id": ("link_id", "osm_id", "id", "fid", "objectid"),
    "name": ("road_name", "name", "street", "streetname"),
    "grade": ("road_grade",),
    "class": ("highway", "fclass"),
    "oneway": ("oneway",),
}
_FORWARD = ("yes", "true", "1", "f", "ft")
_BACKWARD = ("-1", "reverse", "t", "tf")


def read(path: Path, options: ReadOptions) -> tuple[list[RoadLine], str | None]:
    """The lines of a layer that are driven, and their coordinate system."""
    layer = options.layer or _line_layer(path)
    info = _info(path, layer)
    is_its = set(info["fields"]) >= _ITS
    encoding = options.encoding or (ITS_ENCODING if is_its and info["encoding"] == _NOT_SAID else None)
    columns, geometries, crs = read_file(path, layer=layer, encoding=encoding)
    crs = options.crs or crs
    if crs is None:
        raise BadInputError(
            f"{path} does not say its coordinate system", hint="--crs, for example EPSG:5186 or EPSG:4326"
        )
    roles = find_columns(list(columns), options.columns, str(path))
    directed = options.directed or (is_its and "oneway" not in roles)
    values = {role: columns[name] for role, name in roles.items()}
    if is_its and "grade" not in values and "ROAD_RANK" in columns:
        values["grade"] = [ITS_GRADES.get(str(text(rank))) for rank in columns["ROAD_RANK"]]
    lines = list(_lines(values, geometries, directed, str(path)))
    return split_at_junctions(lines) if "class" in roles and not directed else lines, crs


def _info(path: Path, layer: str | None) -> dict[str, Any]:
    pyogrio, _ = import_gdal()
    try:
        return dict(pyogrio.read_info(path, layer=layer))
    except Exception as error:  # as in read_file
        raise unreadable(path, error) from None


def _line_layer(path: Path) -> str | None:
    """The layer to read: the only one, or the only one of lines."""
    pyogrio, _ = import_gdal()
    try:
        layers = [(str(name), str(kind)) for name, kind in pyogrio.list_layers(path)]
    except Exception as error:  # as in read_file
        raise unreadable(path, error) from None
    lines = [name for name, kind in layers if "LineString" in kind]
    chosen = lines or [name for name, _ in layers]
    if len(chosen) == 1:
        return chosen[0]
    raise UserError(f"{path} has several layers: {', '.join(chosen)}", hint=f"--layer {chosen[0]}" if chosen else None)


def find_columns(found: list[str], given: Mapping[str, str], source: str) -> dict[str, str]:
    """Which column has which role of ``ROLES``: as told, or by its name. UserError for what is not there."""
    unknown = [role for role in given if role not in ROLES]
    if unknown:
        raise UserError(f"--columns does not know {unknown[0]!r}", hint=f"expected some of {', '.join(ROLES)}")
    missing = [name for name in given.values() if name not in found]
    if missing:
        raise BadInputError(
            f"{source}: column {missing[0]} is missing; found {', '.join(found) or 'none'}", hint="check --columns"
        )
    by_name = {name.lower(): name for name in found}
    guessed = {role: next((by_name[n] for n in names if n in by_name), None) for role, names in ROLES.items()}
    return {role: name for role, name in guessed.items() if name is not None} | dict(given)


def _lines(values: dict[str, Any], geometries: Any, directed: bool, source: str) -> Iterator[RoadLine]:
    for row, geometry in enumerate(geometries):
        given = {role: text(column[row]) for role, column in values.items()}
        highway = given.get("class")
        if "class" in values and highway not in GRADES:
            continue
        grade = _grade(given.get("grade"), row, source) or GRADES.get(highway or "")
        oneway = (given.get("oneway") or "").lower()
        forward, backward = directed or oneway not in _BACKWARD, not directed and oneway not in _FORWARD
        line_id = given.get("id") or str(row)
        for i, vertices in enumerate(parts(geometry)):
            name = f"{line_id}-{i}" if i else line_id
            yield RoadLine(name, vertices, given.get("name"), grade, forward, backward, directed)


def _grade(value: str | None, row: int, source: str) -> int | None:
    if value is None:
        return None
    if value not in ("1", "2", "3", "4", "5"):
        raise BadInputError(
            f"{source}: row {row} has the grade {value!r}", hint="expected 1..5, 5 the most important; see --columns"
        )
    return int(value)
