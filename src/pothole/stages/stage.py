"""What a stage is: what it reads and gives, its settings, and a pure function between them.

Declarations are read where there is no PySpark, too: configuration, DAG, contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pothole.tables import RAW, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pothole.stages.frames import Keep


@dataclass(frozen=True)
class Before:
    """As an input: the dataset's newest partition before the date; no rows where there is none yet."""

    table: Table


@dataclass(frozen=True)
class Dated:
    """As a layer: of its rows those whose ``column`` (YYYY-MM-DD) is the date or an earlier one."""

    table: Table
    column: str = "date"


Input: TypeAlias = Table | Before
Layer: TypeAlias = Table | Dated
Frames: TypeAlias = "Mapping[Table, DataFrame]"


def table_of(source: Input | Layer) -> Table:
    """The dataset of an input or a layer."""
    return source if isinstance(source, Table) else source.table


@dataclass(frozen=True)
class Given:
    """What a stage's function is given for a date."""

    inputs: Mapping[Input, DataFrame] = field(default_factory=dict)
    """A frame for every input, with the columns of its table (raw data: and ``source_file``)."""
    layers: Frames = field(default_factory=dict)
    """A frame for every layer's table; without rows where the lake has none."""
    date: str = ""
    """YYYY-MM-DD."""
    start_ms: int = 0
    """The date's begin in the pipeline's zone, UTC epoch."""
    end_ms: int = 0
    """Its end, likewise."""
    settings: Any = None
    """Of the class that the stage declares."""
    others: Mapping[str, Any] = field(default_factory=dict)
    """All stages' settings, by stage."""
    keep: Keep = lambda frame: frame
    """Computes a frame once that is used more than once; the same rows."""
    unique: bool = False
    """Of raw data: no two rows share vehicle, trip and timestamp (false: perhaps)."""
    rows: int | None = None
    """Of raw data: how many there are."""


def rows_written(written: Frames) -> dict[str, int]:
    """The count of a stage that says nothing else: all rows that it gives."""
    return {"rows": sum(frame.count() for frame in written.values())}


@dataclass(frozen=True)
class Found:
    """What a stage's function gives."""

    outputs: Frames
    """Rows of the stage's outputs, with the columns of their tables."""
    count: Callable[[Frames], Mapping[str, int]] = rows_written
    """Rows by meaning, from the outputs as they are written: once for every part, and added up."""
    held: Mapping[str, DataFrame] = field(default_factory=dict)
    """Frames that are not written, but that the closing step needs."""


@dataclass(frozen=True)
class Closing:
    """What a stage that works in parts does after the last one: from all that the parts gave to further outputs."""

    run: Callable[[Given, Found], Found]
    doing: str
    """What that is, for whoever waits."""
    begins_at: float
    """How much of a usual day is done then, 0..1."""


@dataclass(frozen=True)
class Stage:
    """A stage as it is declared. Its name is its section in the configuration and its record in the lake."""

    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Table, ...]
    run: Callable[[Given], Found]
    """Pure: it knows no path, engine or clock."""
    layers: tuple[Layer, ...] = ()
    """Datasets that people write, beside the inputs."""
    settings: type[Any] | None = None
    """A frozen dataclass whose fields have defaults and docstrings."""
    closing: Closing | None = None
    """With it the stage is run for each part of the raw data (files that hold whole trips), then closed."""
    counts: tuple[str, ...] = ("rows",)
    """What is counted for the run record, in its order; ``in`` and ``quarantined`` count themselves."""
    doing: str = ""
    """What the stage does, for whoever waits."""
    begins_at: float = 0.98
    """How much of a usual day is done then, 0..1."""
    module: str = "pothole.stages.house"
    """The module that declares it."""
    program: str = ""
    """The file in ``<name>/`` that runs it on the cluster; by default named as its first output."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "doing", self.doing or f"{self.name}: {', '.join(t.name for t in self.outputs)}")
        object.__setattr__(self, "program", self.program or f"{self.outputs[0].name}.py")

    @property
    def reads_raw(self) -> bool:
        """Whether it reads what no stage has published."""
        return RAW in self.inputs
