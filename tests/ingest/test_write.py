"""Parts in the lake: one for each source and date, replaced by the same source."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from pothole.ingest import ingested
from pothole.ingest.write import part_name, write
from pothole.lake import open_lake
from tests.ingest.sources import START_S, line, mapping
from tests.ingest.sources import write as write_csv


def bring(lake: Path, file: Path, zone: str = "Asia/Seoul") -> list[str]:
    """Files of the lake after a file was ingested."""
    with ingested([file], mapping(), zone) as read:
        write(open_lake(str(lake), create=True), file, read.parts(0))
    return sorted(p.relative_to(lake).as_posix() for p in lake.rglob("*") if p.is_file())


def test_the_same_file_replaces_its_own_part(tmp_path: Path) -> None:
    file, lake = write_csv(tmp_path / "d.csv", line()), tmp_path / "lake"
    first = bring(lake, file)
    assert first == [f"raw-sensor-data/dt=2026-02-12/{part_name(file)}"]
    content = (lake / first[0]).read_bytes()
    assert bring(lake, file) == first
    assert (lake / first[0]).read_bytes() == content
    write_csv(file, line(), line(START_S + 1))
    assert bring(lake, file) == first
    assert pq.ParquetFile(lake / first[0]).metadata.num_rows == 2


def test_another_zone_moves_the_part(tmp_path: Path) -> None:
    file, lake = write_csv(tmp_path / "d.csv", line()), tmp_path / "lake"
    bring(lake, file)
    assert bring(lake, file, "America/New_York") == [f"raw-sensor-data/dt=2026-02-11/{part_name(file)}"]


def test_a_later_export_of_the_same_name_leaves_earlier_days(tmp_path: Path) -> None:
    file, lake = write_csv(tmp_path / "export.csv", line()), tmp_path / "lake"
    bring(lake, file)
    write_csv(file, line(START_S + 86_400))
    assert [p.split("/")[1] for p in bring(lake, file)] == ["dt=2026-02-12", "dt=2026-02-13"]


def test_files_of_one_name_in_two_folders_stay_apart(tmp_path: Path) -> None:
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(write_csv(tmp_path / folder / "d.csv", line(trip=folder)))
    assert len({part_name(f) for f in files}) == 2
    assert part_name(files[0]).startswith("ingest-d-") and part_name(files[0]).endswith(".parquet")


def test_the_day_can_be_read_by_the_lake(tmp_path: Path) -> None:
    file, lake = write_csv(tmp_path / "d.csv", *(line(START_S + i) for i in range(3))), tmp_path / "lake"
    bring(lake, file)
    assert [f.rows for f in open_lake(str(lake)).check_raw("2026-02-12").files] == [3]
