"""Road files of several kinds, written for a test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests import needs

pyogrio = needs.module("pyogrio")
pyproj = needs.module("pyproj")
shapely = needs.module("shapely")

DATA = Path(__file__).parent / "data"
Points = Sequence[tuple[float, float]]
ITS_FIELDS = ("LINK_ID", "F_NODE", "T_NODE", "ROAD_RANK", "ROAD_NAME", "LANES", "MAX_SPD")
#: Two directions of one street near Seoul and a third link on; degrees.
ITS_LINKS: list[tuple[tuple[object, ...], Points]] = [
    (("1010000100", "1", "2", "101", "경부고속도로", 4, 100), [(127.0, 37.5), (127.002, 37.5005)]),
    (("1010000200", "2", "1", "101", "경부고속도로", 4, 100), [(127.002, 37.5005), (127.0, 37.5)]),
    (("0990000300", "2", "3", "107", "세종대로", 2, 50), [(127.002, 37.5005), (127.002, 37.502)]),
]


def geojson(path: Path, *roads: tuple[Points, dict[str, object]]) -> Path:
    """Lines with their properties as GeoJSON."""
    features = [
        {"type": "Feature", "properties": properties, "geometry": {"type": "LineString", "coordinates": line}}
        for line, properties in roads
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def its(folder: Path, *, prj: bool = True, swapped: bool = False) -> Path:
    """``MOCT_LINK.shp`` as the ITS set has it: EPSG:5186, CP949 and no .cpg that says so."""
    to_metres = pyproj.Transformer.from_crs(4326, 5186, always_xy=True).transform
    lines = [np.stack(to_metres(*np.array(line).T), 1) for _, line in ITS_LINKS]
    geometries = [shapely.LineString(line[:, ::-1] if swapped else line) for line in lines]
    columns = [np.array(c, dtype=object if isinstance(c[0], str) else None)
               for c in zip(*(row for row, _ in ITS_LINKS), strict=True)]  # fmt: skip
    path = folder / "MOCT_LINK.shp"
    pyogrio.raw.write(
        path, shapely.to_wkb(geometries), columns, list(ITS_FIELDS), geometry_type="LineString", crs="EPSG:5186",
        encoding="CP949",
    )  # fmt: skip
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if not prj:
        path.with_suffix(".prj").unlink()
    return path


def osm(path: Path, nodes: dict[int, tuple[float, float]], ways: dict[int, tuple[list[int], dict[str, str]]]) -> Path:
    """OSM XML of nodes (lon, lat) and ways (nodes, tags)."""
    lines = [f'<node id="{i}" lon="{lon}" lat="{lat}" version="1"/>' for i, (lon, lat) in nodes.items()]
    for i, (refs, tags) in ways.items():
        inside = "".join(f'<nd ref="{n}"/>' for n in refs) + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        lines.append(f'<way id="{i}" version="1">{inside}</way>')
    path.write_text(f'<osm version="0.6">{"".join(lines)}</osm>', encoding="utf-8")
    return path
