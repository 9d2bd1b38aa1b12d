"""``pothole roads``: the road network that impacts are matched to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import err, out

commands = typer.Typer(help="Make the road network that impacts are matched to.", no_args_is_help=True)
app.add_typer(commands, name="roads")


@commands.callback()
def _group() -> None:
    """Keeps ``build`` a command of its own."""


@commands.command(epilog="Example: pothole roads build city.osm.pbf --out lake/road-network/segments.csv")
def build(
    source: Annotated[
        Path, typer.Argument(help="GeoJSON, GeoPackage, shapefile (also the Korean ITS set) or OSM extract.")
    ],
    out_: Annotated[Path, typer.Option("--out", help="segments.csv or segments.parquet to write.")],
    max_length_m: Annotated[float, typer.Option(min=5.0, max=50.0, help="Longest stretch, metres.")] = 50.0,
    layer: Annotated[str | None, typer.Option(help="Layer of a file with several.")] = None,
    crs: Annotated[str | None, typer.Option(help="Coordinate system, where the file names none: EPSG:5186.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of a shapefile: CP949.")] = None,
    bbox: Annotated[str | None, typer.Option(help="Only roads in west,south,east,north (degrees).")] = None,
) -> None:
    """Cut a road network into directed stretches of at most 50 m; two-way streets become two directions."""
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    from pothole.errors import UserError
    from pothole.roads import ATTRIBUTION
    from pothole.roads.build import build as cut
    from pothole.roads.check import check_segments, lengths_m
    from pothole.roads.lines import ReadOptions, is_osm, read_lines

    if out_.suffix not in (".csv", ".parquet"):
        raise UserError(f"{out_} is neither .csv nor .parquet", hint="--out segments.csv")
    lines = read_lines(source, ReadOptions(layer, crs, encoding, _box(bbox)))
    segments = cut(lines, max_length_m)
    check_segments(segments, str(source))
    out_.parent.mkdir(parents=True, exist_ok=True)
    if out_.suffix == ".csv":
        pacsv.write_csv(segments, out_)
    else:
        pq.write_table(segments, out_)
    if is_osm(source):
        (out_.parent / "ATTRIBUTION.txt").write_text(ATTRIBUTION + "\n", encoding="utf-8")
        err.print(f"data {ATTRIBUTION}; named in {out_.parent / 'ATTRIBUTION.txt'}", soft_wrap=True)
    lengths = lengths_m(segments)
    links = pc.count_distinct(segments["link_id"]).as_py()
    out.print(
        f"{out_}: {segments.num_rows:,} segments of {links:,} directed links, {lengths.sum() / 1000:,.1f} km; "
        f"the longest is {lengths.max():.1f} m",
        soft_wrap=True,
    )


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    from pothole.errors import UserError

    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--bbox {text!r} is not four numbers", hint="west,south,east,north in degrees") from None
    if not (west < east and south < north):
        raise UserError(f"--bbox {text!r} is empty", hint="west,south,east,north in degrees")
    return west, south, east, north
