"""No links below the lake: nothing outside it is read, written or deleted through one; its own folder may be a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pothole.errors import LakeError
from pothole.lake import open_lake
from pothole.lake.folder import FolderStorage

DAY = "2026-02-12"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of somebody else, with a file and a folder in it."""
    (tmp_path / "outside" / "run-theirs").mkdir(parents=True)
    (tmp_path / "outside" / "theirs.parquet").write_bytes(b"theirs")
    (tmp_path / "outside" / "run-theirs" / "kept").write_bytes(b"theirs")
    return tmp_path / "outside"


@pytest.fixture
def storage(tmp_path: Path, outside: Path) -> FolderStorage:
    made = FolderStorage(tmp_path / "lake", create=True)
    (made.root / "data").mkdir()
    (made.root / "data" / f"dt={DAY}").symlink_to(outside)
    (made.root / "data" / "file").symlink_to(outside / "theirs.parquet")
    return made


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "act",
    [
        lambda s: s.files("data"),
        lambda s: s.files(f"data/dt={DAY}"),
        lambda s: s.folders(f"data/dt={DAY}"),
        lambda s: s.read("data/file"),
        lambda s: s.read(f"data/dt={DAY}/theirs.parquet"),
        lambda s: s.write("data/file", b"ours"),
        lambda s: s.write(f"data/dt={DAY}/new", b"ours"),
        lambda s: s.swap(f"data/dt={DAY}/new", None, b"ours"),
        lambda s: s.swap("data/file", b"theirs", b"ours"),
        lambda s: s.delete(f"data/dt={DAY}/run-theirs"),
        lambda s: s.upload(Path(__file__), f"data/dt={DAY}/new"),
        lambda s: s.settle("data/file"),
        lambda s: s.footer("data/file"),
        lambda s: s.untouched_seconds(f"data/dt={DAY}/theirs.parquet"),
    ],
)
def test_nothing_goes_through_a_link(storage, outside, act):
    before = everything(outside)
    with pytest.raises(LakeError, match="is a link; below its own folder a lake holds no links") as error:
        act(storage)
    assert str(storage.root / "data") in error.value.message
    assert everything(outside) == before


@pytest.mark.parametrize("name", [f"dt={DAY}", "file"])
def test_of_a_link_the_link_itself_is_deleted(storage, outside, name):
    before = everything(outside)
    storage.delete(f"data/{name}")
    assert not (storage.root / "data" / name).is_symlink()
    assert everything(outside) == before


def test_a_lock_s_guard_is_no_link(tmp_path, outside):
    lake = open_lake(str(tmp_path / "lake"), create=True)
    (tmp_path / "lake" / "locks").mkdir()
    (tmp_path / "lake" / "locks" / ".guard").symlink_to(outside / "made-by-us")
    with pytest.raises(LakeError, match="guard is a link"), lake.lock(DAY, "r-1"):
        pass
    assert not (outside / "made-by-us").exists()


@pytest.mark.parametrize("place", [f"scratch/dt={DAY}", f"quarantine/dt={DAY}"])
def test_repair_leaves_what_lies_behind_a_link(tmp_path, outside, place):
    lake, before = open_lake(str(tmp_path / "lake"), create=True), everything(outside)
    link = tmp_path / "lake" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    with pytest.raises(LakeError, match=f"{place} is a link"):
        lake.repair()
    assert everything(outside) == before


def test_repair_removes_a_left_over_link_and_not_its_target(tmp_path, outside):
    lake, before = open_lake(str(tmp_path / "lake"), create=True), everything(outside)
    partition = tmp_path / "lake" / "quarantine" / f"dt={DAY}"
    partition.mkdir(parents=True)
    (partition / "run-zzz").symlink_to(outside)
    assert lake.repair() == [f"quarantine/dt={DAY}/run-zzz"]
    assert os.listdir(partition) == [] and everything(outside) == before


def test_the_lake_itself_may_be_a_link(tmp_path):
    open_lake(str(tmp_path / "real"), create=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    lake = open_lake(str(tmp_path / "link"))
    lake.storage.write("runs/note", b"x")
    assert (tmp_path / "real" / "runs" / "note").read_bytes() == b"x"
