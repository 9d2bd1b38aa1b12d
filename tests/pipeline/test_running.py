"""How a declared stage is run: in parts or at once, counted, told; on an engine whose frames are lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from pothole.lake import RawFile, RawInput, open_lake
from pothole.pipeline.record import Day, StageReport
from pothole.pipeline.running import _Work
from pothole.settings import Config, Settings
from pothole.stages.stage import Closing, Found, Given, Stage
from pothole.tables import RAW, Column, Table

SEEN, SUMMED = (Table(name, "one number", (Column("n", "int", "it"),), ("n",)) for name in ("seen", "summed"))
FILES = RawInput((RawFile("a", 10, 3), RawFile("b", 10, 4), RawFile("c", 10, 5)), ())


class Rows(list):
    """A frame of numbers."""

    def unionByName(self, other: Rows) -> Rows:
        return Rows([*self, *other])

    def count(self) -> int:  # type: ignore[override]
        return len(self)


@dataclass
class Engine:
    """Gives every file a batch of its own, and keeps what it is told to write."""

    name: str = "lists"
    version: str = "1"
    written: list[tuple[str, int, list[int]]] = field(default_factory=list)
    forgotten: int = 0

    def batches(self, files: list[str], rows: list[int], target_rows: int) -> list[list[str]]:
        return [[file] for file in files]

    def read_parquet(self, files: list[str], columns: Any, *, source_file: bool = False) -> Rows:
        return Rows(n for file in FILES.files for n in range(file.rows) if file.path in files)

    def keys_are_unique(self, files: list[str]) -> bool:
        return files == ["b"]

    def hold(self, frame: Rows) -> Rows:
        return frame

    keep = hold

    def write_parquet(self, frame: Rows, folder: str, *, part: int = 0) -> Rows:
        self.written.append((folder, part, list(frame)))
        return frame

    def forget(self) -> None:
        self.forgotten += 1


@pytest.fixture
def work(tmp_path):
    """Makes a stage's work; ``told`` is what it tells on the way."""

    def make(stage: Stage) -> tuple[_Work, list[tuple[str, float]]]:
        told: list[tuple[str, float]] = []
        lake = open_lake(str(tmp_path))
        config = Config(Settings(), {})
        day = Day(lake, config, "2026-02-12", "r-1", lambda *what: told.append(what), Engine())  # type: ignore[arg-type]
        return _Work(day, stage, lambda table: table.name, StageReport(stage.name)), told

    return make


def first_half(given: Given) -> Found:
    """Half of the numbers are seen, the greatest is held."""
    numbers: Any = given.inputs[RAW]
    seen = Rows(numbers[: len(numbers) // 2])
    held = Rows([max(numbers), int(given.unique), given.rows])
    return Found({SEEN: seen}, lambda written: {"seen": written[SEEN].count()}, held={"greatest": held})  # type: ignore[dict-item]


def closed(given: Given, parts: Found) -> Found:
    """All that the parts gave."""
    together: Any = parts.outputs[SEEN]
    return Found({SUMMED: together.unionByName(parts.held["greatest"])}, lambda written: {"summed": 1})


def test_a_stage_with_a_closing_step_is_run_for_every_part_and_closed_once(work):
    closing = Closing(closed, "closing it", 0.6)
    counts = ("summed", "in", "seen", "quarantined")
    stage = Stage(
        "parted", (RAW,), (SEEN, SUMMED), first_half, closing=closing, counts=counts, doing="at it", begins_at=0
    )
    done, told = work(stage)
    done.run({}, FILES)
    done.tell(FILES)
    assert done.day.engine.written == [
        ("seen", 0, [0]), ("seen", 1, [0, 1]), ("seen", 2, [0, 1]),
        ("summed", 0, [0, 0, 1, 0, 1, 2, 0, 3, 3, 1, 4, 4, 0, 5]),
    ]  # fmt: skip
    assert list(done.report.rows.items()) == [("summed", 1), ("in", 12), ("seen", 5), ("quarantined", 0)]
    parts = [(f"at it, part {n} of 3", pytest.approx(0.2 * (n - 1))) for n in (1, 2, 3)]
    assert told == [*parts, ("closing it", 0.6)] and done.day.engine.forgotten == 4


def test_without_one_it_sees_all_raw_files_at_once(work):
    done, told = work(Stage("whole", (RAW,), (SEEN,), first_half, counts=("seen",), begins_at=0.5))
    done.run({}, FILES)
    done.tell(FILES)
    assert done.day.engine.written == [("seen", 0, [0, 1, 2, 0, 1, 2])]
    assert (done.report.rows, told) == ({"seen": 6}, [("whole: seen", 0.5), ("publishing", 0.98)])


def test_what_is_published_is_counted_where_a_stage_says_nothing_else(work):
    done, _ = work(Stage("plain", (), (SEEN,), lambda given: Found({SEEN: Rows([1, 2])})))  # type: ignore[dict-item]
    done.run({}, None)
    done.tell(None)
    assert done.report.rows == {"rows": 2}
