"""Rows of a dataset, in the form in which one wants to look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pothole import extras, tables
from pothole.datasets import TABLES
from pothole.errors import UserError
from pothole.lake import Lake, open_lake
from pothole.tables import Table

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

#: Short names of the datasets; those in the lake are understood, too.
SHORT = {
    "samples": tables.RAW,
    "impacts": tables.IMPACTS,
    "traversals": tables.TRAVERSALS,
    "quarantine": tables.QUARANTINE,
    "potholes": tables.POTHOLES,
    "condition": tables.CONDITION,
    "roads": tables.SEGMENTS,
    "bumps": tables.SPEED_BUMPS,
}
_POSITIONS = (("lon", "lat"), ("centroid_lon", "centroid_lat"))


@dataclass(frozen=True)
class Dataset:
    """Rows of a table (columns and units: docs/contract.md)."""

    table: Table
    rows: pa.Table

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        return self.rows

    def pandas(self) -> Any:
        """As a pandas frame. UserError where pandas is not installed."""
        _needed("pandas")
        return self.rows.to_pandas()

    def duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """As a relation of DuckDB, of this connection or of a new one in memory."""
        import duckdb

        return (connection or duckdb.connect()).from_arrow(self.rows)

    def geopandas(self) -> Any:
        """As a GeoPandas frame in WGS84: points, and lines for roads. UserError without GeoPandas or positions."""
        geopandas, shapely = _needed("geopandas"), _needed("shapely")
        names = self.rows.column_names
        if {"start_lon", "end_lat"} <= set(names):
            ends = [self._points(f"{end}_lon", f"{end}_lat") for end in ("start", "end")]
            shapes = shapely.linestrings(np.stack(ends, axis=1))
        else:
            lon, lat = next((p for p in _POSITIONS if p[0] in names), (None, None))
            if lon is None or lat is None:
                raise UserError(f"{self.table.name} has no positions", hint="its rows are in .pandas() or .arrow()")
            shapes = shapely.points(self._points(lon, lat))
        return geopandas.GeoDataFrame(self.pandas(), geometry=shapes, crs="EPSG:4326")

    def _points(self, lon: str, lat: str) -> Any:
        """Longitudes and latitudes side by side, degrees."""
        return np.stack([self.rows[name].to_numpy() for name in (lon, lat)], axis=1)


def read(lake: Lake | str | Path, name: str, date: str | None = None) -> Dataset:
    """A dataset of a date, or a layer (``roads``, ``bumps``), which has none.

    ``name`` is one of ``SHORT`` or the dataset's own in the lake. UserError for another name or a missing date,
    NoDataError where nothing is published.
    """
    opened = opened_lake(lake)
    table = table_named(name)
    if not table.partitioned:
        return Dataset(table, opened.layer(table))
    if date is None:
        there = opened.dates(table.name)
        known = f"the lake has {', '.join(there[-3:])}" if there else "the lake has none"
        raise UserError(f"{name} needs a date, YYYY-MM-DD", hint=known)
    return Dataset(table, opened.read_raw(date) if table is tables.RAW else opened.read_table(table.name, date))


def table_named(name: str) -> Table:
    """The table by its short name or the lake's; UserError for another."""
    found = SHORT.get(name) or TABLES.get(name)
    if found is None:
        raise UserError(f"there is no dataset {name!r}", hint=f"there is {', '.join([*SHORT, *TABLES])}")
    return found


def short(table: Table) -> str:
    """The table's short name, or the lake's where it has none."""
    return next((name for name, other in SHORT.items() if other is table), table.name)


def opened_lake(lake: Lake | str | Path) -> Lake:
    """The lake, opened where its place was given."""
    return lake if isinstance(lake, Lake) else open_lake(str(lake))


def _needed(module: str) -> Any:
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise extras.missing(str(error.name or module)) from None
