"""What a row of ``features.ROWS`` is: a feature's name, expression, groups, needs and value without them.

Here and there PySpark is not imported: the lists are read, too, where no engine runs that could lend its functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import Column


class Functions(Protocol):
    """What the features use of the running engine's ``pyspark.sql.functions``."""

    def col(self, col: str, /) -> Column:
        """A column by its name."""
        ...

    def lit(self, col: float, /) -> Column:
        """A number."""
        ...

    def log(self, arg1: Column, /) -> Column:
        """Natural logarithm."""
        ...

    def greatest(self, *cols: Column) -> Column:
        """The largest."""
        ...

    def coalesce(self, *cols: Column) -> Column:
        """The first that is not null."""
        ...


class Need(Enum):
    """What a feature needs besides the acceleration along the vertical and across it."""

    GYROSCOPE = "turn rates"
    FORWARD = "the vehicle's forward axis"
    SPEED = "speed"


class Group(StrEnum):
    """What features have in common; the ablation leaves out a group at a time."""

    ROLL = "roll against pitch (gyroscope and forward axis)"
    ASIDE = "sideways against ahead (forward axis)"
    AROUND = "what stands out of the road around"
    CORE = "RMS of the 0.7 s around the peak"
    SCALE = "the trip's own scale"
    STRENGTH = "absolute strength"
    DIRECTION = "which way first"
    LENGTH = "length and place of the energy"
    SHAKE = "acceleration across the vertical"
    TILT = "turning about any level axis"
    SPEED = "speed"
    RATE = "rate of samples"


@dataclass(frozen=True)
class Feature:
    """One number of an impact: its column's name, and how it is made of the impact's columns and measures."""

    name: str
    expression: Callable[[Functions], Column]
    groups: tuple[Group, ...]
    needs: frozenset[Need] = frozenset()
    missing: float | Callable[[float], float] | None = None
    """Its value where the expression is null, as for want of what it needs. Where that depends on the impact's peak
    (m/s2), the expression itself gives it. None for what is never null."""

    def column(self, F: Functions) -> Column:
        """The feature as a column of impacts with their measures (``describe``)."""
        value = self.expression(F)
        return F.coalesce(value, F.lit(self.missing)) if isinstance(self.missing, float) else value

    def without(self, peak_mps2: float) -> float:
        """Its value for an impact of this peak (m/s2) where what it needs is missing.

        Raises ValueError for a feature that always has what it needs.
        """
        if self.missing is None:
            raise ValueError(f"{self.name} has no value for what is missing: a row without it is refused")
        return self.missing(peak_mps2) if callable(self.missing) else self.missing
