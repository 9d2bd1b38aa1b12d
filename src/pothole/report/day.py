"""The published day, read from a lake for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pothole.tables import CONDITION, POTHOLES, SEGMENTS

if TYPE_CHECKING:
    from pothole.lake import Lake

#: Who made the road network, beside it in the lake; printed at the foot of the page.
ATTRIBUTION_FILE = f"{SEGMENTS.name}/ATTRIBUTION.txt"
#: How often the two tables are read again when the day is republished meanwhile.
_TRIES = 5


@dataclass(frozen=True)
class Day:
    """What Stage 2 published for a date, the road network if the lake has one, and which run it was."""

    potholes: pa.Table
    condition: pa.Table
    segments: pa.Table | None
    attribution: str | None
    run: dict[str, Any]


def read_day(lake: Lake, date: str) -> Day:
    """The day from the lake.

    Raises NoDataError when Stage 2 published nothing for the date, BadInputError when its two tables come from
    different runs.
    """
    from pothole.lake import check_same_run

    for _ in range(_TRIES):
        before = lake.manifest(POTHOLES.name, date)
        potholes, condition = lake.read_table(POTHOLES.name, date), lake.read_table(CONDITION.name, date)
        if lake.manifest(POTHOLES.name, date) == before:
            break  # nobody published between the two reads
    check_same_run(lake, [POTHOLES.name, CONDITION.name], date)
    run = {} if before is None else {"run": before.run_id, "code": before.code_version}
    return Day(potholes, condition, lake.segments(), _attribution(lake), run)


def _attribution(lake: Lake) -> str | None:
    """The text of the attribution file on one line; None when there is none."""
    try:
        text = lake.storage.read(ATTRIBUTION_FILE).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return " ".join(text.split()) or None
