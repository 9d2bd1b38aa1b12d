"""Every dataset of the lake by folder name: those of ``tables``, and what stages of one's own read and give."""

from __future__ import annotations

from pothole import tables
from pothole.registry import STAGES
from pothole.stages.stage import table_of

TABLES: dict[str, tables.Table] = {
    table.name: table
    for table in (
        *tables.HOUSE,
        *(table for stage in STAGES for table in (*map(table_of, stage.layers), *stage.outputs)),
    )
}
