"""Vector files: the ITS set, a real GeoPackage, GeoJSON with and without what we look for."""

from __future__ import annotations

import builtins
from pathlib import Path

import numpy as np
import pytest

from pothole.errors import BadInputError, UserError
from pothole.roads.build import build
from pothole.roads.check import check_segments, lengths_m
from pothole.roads.lines import ReadOptions, RoadLine, read_lines

from .sources import DATA, ITS_LINKS, geojson, its, pyproj

A, B, C = (127.0, 37.5), (127.002, 37.5), (127.002, 37.501)


def read(path: Path, **options: object) -> dict[str, RoadLine]:
    return {line.line_id: line for line in read_lines(path, ReadOptions(**options))}


def test_its_set(tmp_path: Path) -> None:
    """Korean names without a .cpg, ids with leading zeros, one link a direction, metres back to degrees."""
    lines = read(its(tmp_path))
    assert list(lines) == [row[0] for row, _ in ITS_LINKS]
    assert [line.name for line in lines.values()] == ["경부고속도로", "경부고속도로", "세종대로"]
    assert [line.grade for line in lines.values()] == [5, 5, 2]
    for line, (_, points) in zip(lines.values(), ITS_LINKS, strict=True):
        np.testing.assert_allclose(line.vertices, points, atol=1e-8)
    table = build(lines.values())
    check_segments(table, "its")
    assert set(table["link_id"].to_pylist()) == set(lines)


def test_its_set_says_its_encoding(tmp_path: Path) -> None:
    path = its(tmp_path)
    path.with_suffix(".cpg").write_text("CP949")
    assert read(path)["0990000300"].name == "세종대로"


def test_its_set_without_prj(tmp_path: Path) -> None:
    path = its(tmp_path, prj=False)
    with pytest.raises(BadInputError, match="does not say its coordinate system") as error:
        read(path)
    assert "EPSG:5186" in str(error.value.hint)
    assert read(path, crs="EPSG:5186")["0990000300"].vertices[0] == pytest.approx((127.002, 37.5005), abs=1e-8)


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:32735"])
def test_wrong_coordinate_system(tmp_path: Path, crs: str) -> None:
    """Seoul's metres as those of France or South Africa lie where these systems are not used."""
    with pytest.raises(BadInputError, match=r"is used for|outside the world"):
        read(its(tmp_path), crs=crs)


def test_metres_taken_for_degrees(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="outside the world") as error:
        read(its(tmp_path), crs="EPSG:4326")
    assert "--crs EPSG:5186" in str(error.value.hint)


def test_unknown_coordinate_system(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="unknown coordinate system 'EPSG:nonsense'"):
        read(its(tmp_path), crs="EPSG:nonsense")


def test_real_geopackage() -> None:
    """The one layer of lines is found; lengths are true metres, though the file's (EPSG:3857) are not."""
    lines = read(DATA / "bubenec.gpkg")
    assert len(lines) == 35
    table = build(lines.values())
    check_segments(table, "bubenec")
    geod = pyproj.Geod(ellps="WGS84")
    true = sum(geod.line_length(*line.vertices.T) for line in lines.values())
    assert lengths_m(table).sum() == pytest.approx(2 * true, rel=2e-3)
    assert 3600 < true < 4000


def test_layer_without_lines_and_layer_that_is_not_there() -> None:
    with pytest.raises(BadInputError, match="no road that is driven"):
        read(DATA / "bubenec.gpkg", layer="buildings")
    with pytest.raises(BadInputError, match=r"cannot read .*nonsense"):
        read(DATA / "bubenec.gpkg", layer="nonsense")


def test_several_layers_of_lines(tmp_path: Path) -> None:
    from .sources import pyogrio, shapely

    for name in ("old", "new"):
        pyogrio.raw.write(
            tmp_path / "two.gpkg", shapely.to_wkb([shapely.LineString([A, B])]), [], [], layer=name,
            geometry_type="LineString", crs="EPSG:4326", append=name == "new",
        )  # fmt: skip
    with pytest.raises(UserError, match="several layers: old, new") as error:
        read(tmp_path / "two.gpkg")
    assert error.value.hint == "--layer old"
    assert len(read(tmp_path / "two.gpkg", layer="new")) == 1


@pytest.mark.parametrize(
    ("oneway", "expected"),
    [("yes", (True, False)), (True, (True, False)), ("F", (True, False)), ("T", (False, True)), ("-1", (False, True)),
     ("B", (True, True)), (None, (True, True)), (False, (True, True))],
)  # fmt: skip
def test_oneway_column(tmp_path: Path, oneway: object, expected: tuple[bool, bool]) -> None:
    (line,) = read(geojson(tmp_path / "r.geojson", ([A, B], {"oneway": oneway}))).values()
    assert (line.forward, line.backward) == expected


def test_columns_by_name_and_by_mapping(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", ([A, B], {"ID": 7, "name": "x", "STREET": "Main", "RANK": 4}))
    assert [(line.line_id, line.name, line.grade) for line in read(path).values()] == [("7", "x", None)]
    mapped = read(path, columns={"name": "STREET", "grade": "RANK"})
    assert [(line.line_id, line.name, line.grade) for line in mapped.values()] == [("7", "Main", 4)]


def test_ids_that_are_whole_numbers_kept_as_doubles(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "r.geojson", ([A, B], {"id": 1010000100.0}), ([B, C], {"id": 0.5}), ([A, C], {"id": None})
    )
    assert list(read(path)) == ["1010000100", "0.5", "2"]


def test_wrong_columns(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", ([A, B], {"STREET": "Main"}))
    with pytest.raises(BadInputError, match="column ROAD is missing; found STREET"):
        read(path, columns={"name": "ROAD"})
    with pytest.raises(UserError, match="does not know 'nom'"):
        read(path, columns={"nom": "STREET"})
    with pytest.raises(BadInputError, match="row 0 has the grade 'Main'"):
        read(path, columns={"grade": "STREET"})


def test_classes_are_those_of_osm_and_ways_are_cut_at_junctions(tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "r.geojson",
        ([A, B, C], {"osm_id": "1", "fclass": "primary"}),
        ([B, (127.003, 37.5)], {"osm_id": "2", "fclass": "residential"}),
        ([A, C], {"osm_id": "3", "fclass": "footway"}),
    )
    assert {i: line.grade for i, line in read(path).items()} == {"1-0": 4, "1-1": 4, "2-0": 2}


def test_lines_that_are_directed_already(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", ([A, B], {"id": "there"}), ([B, A], {"id": "back"}))
    assert set(build(read(path, directed=True).values())["link_id"].to_pylist()) == {"there", "back"}


def test_reversed_degrees(tmp_path: Path) -> None:
    path = geojson(tmp_path / "r.geojson", ([A[::-1], B[::-1]], {}))
    with pytest.raises(BadInputError, match=r"outside the world at lon 37\.5, lat 127") as error:
        read(path)
    assert error.value.hint == "lon and lat look reversed"


def test_unreadable_and_empty_files(tmp_path: Path) -> None:
    broken = tmp_path / "r.geojson"
    broken.write_text('{"type":')
    with pytest.raises(BadInputError, match="cannot read"):
        read(broken)
    with pytest.raises(BadInputError, match="no road that is driven"):
        read(geojson(tmp_path / "e.geojson"))


def test_without_the_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == "pyogrio":
            raise ImportError("not here", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match="needs pyogrio") as error:
        read(geojson(tmp_path / "r.geojson", ([A, B], {})))
    assert "-e '.[roads]'" in str(error.value.hint)
