from __future__ import annotations

import csv
import errno
import io
import json

import pytest

from pothole.errors import LakeError
from pothole.lake import folder
from pothole.report import ranked, write_report
from pothole.report.export import csv_text, geojson, local_time
from pothole.tables import CONDITION, POTHOLES, SEGMENTS

from .fake_day import DATE, condition, day, pothole, segment, table


def rows(name: str = "Mill Lane", **changes):
    return ranked(table(POTHOLES, [pothole(**changes)]), table(SEGMENTS, [segment(road_name=name)]))


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_times_are_those_of_seoul():
    assert local_time(1_770_822_000_000, "Asia/Seoul") == "2026-02-12T00:00:00+09:00"
    assert local_time(1_770_822_000_999, "Europe/Helsinki") == "2026-02-11T17:00:00+02:00"


def test_a_feature_is_a_point_with_longitude_first():
    collection = geojson(rows(), attribution="© somebody")
    (feature,) = collection["features"]
    assert collection["attribution"] == "© somebody"
    assert feature["geometry"] == {"type": "Point", "coordinates": [126.9702, 37.56]}
    assert feature["properties"]["street"] == "Mill Lane" and "lon" not in feature["properties"]


def test_csv_and_geojson_hold_the_same():
    potholes, _, segments = day(streets=6, holes=12)
    ranking = ranked(potholes, segments)
    cells = read_csv(csv_text(ranking))
    features = geojson(ranking)["features"]
    assert [c["pothole_id"] for c in cells] == [f["id"] for f in features]
    assert [float(c["lat"]) for c in cells] == [f["geometry"]["coordinates"][1] for f in features]


@pytest.mark.parametrize("name", ["=1+1", "+SUM(A1)", "-2", "@x"])
def test_a_street_is_never_a_formula(name: str):
    assert read_csv(csv_text(rows(name)))[0]["street"] == "'" + name


def test_commas_and_quotes_survive_the_csv():
    assert read_csv(csv_text(rows('Old, "new" 세종대로')))[0]["street"] == 'Old, "new" 세종대로'


def test_an_empty_day_still_makes_all_three_files(tmp_path):
    files = write_report(tmp_path / "new", table(POTHOLES, []), table(CONDITION, [condition()]), None, date=DATE)
    assert [f.name for f in files] == [f"potholes-{DATE}.geojson", f"potholes-{DATE}.csv", f"report-{DATE}.html"]
    assert json.loads(files[0].read_text())["features"] == []
    assert files[1].read_text(encoding="utf-8").startswith("\ufeffrank,pothole_id,street")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match=r"cannot write .*file.*potholes-"):
        write_report(tmp_path / "file", table(POTHOLES, []), table(CONDITION, []), None, date=DATE)


def test_a_file_that_cannot_be_written_leaves_the_one_of_before(tmp_path, monkeypatch):
    page = write_report(tmp_path, *day(), date=DATE)[-1]
    before = page.read_bytes()
    write_durably = folder._write_durably

    def full(path, content):
        if page.name in path.name:
            path.write_bytes(content[:40])
            raise OSError(errno.ENOSPC, "No space left on device")
        write_durably(path, content)

    monkeypatch.setattr(folder, "_write_durably", full)
    with pytest.raises(LakeError, match=f"cannot write {page}"):
        write_report(tmp_path, *day(), date=DATE)
    assert page.read_bytes() == before and len(list(tmp_path.iterdir())) == 3
