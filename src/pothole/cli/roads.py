"""``pothole roads``: the road network that impacts are matched to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pothole.cli import app
from pothole.cli.console import err, out

if TYPE_CHECKING:
    import pyarrow as pa

commands = typer.Typer(help="Make the road network that impacts are matched to.", no_args_is_help=True)
app.add_typer(commands, name="roads")


@commands.callback()
def _group() -> None:
    """Keeps ``build`` a command of its own."""


@commands.command(
    epilog="Example: pothole roads build city.osm.pbf --out lake/road-network/segments.csv\n\n"
    "Example: pothole roads build MOCT_LINK.shp --bbox 126.8,37.4,127.2,37.7 --out segments.parquet\n\n"
    "Example: pothole roads build streets.gpkg --columns id=NUMBER,name=STREET --out segments.csv"
)
def build(
    source: Annotated[
        Path, typer.Argument(help="GeoJSON, GeoPackage, shapefile (also the Korean ITS set) or OSM extract.")
    ],
    out_: Annotated[
        str, typer.Option("--out", help="FILE.csv or FILE.parquet, in a folder or s3://bucket\\[/prefix].")
    ],
    max_length_m: Annotated[float, typer.Option(min=5.0, max=50.0, help="Longest stretch, metres.")] = 50.0,
    layer: Annotated[str | None, typer.Option(help="Layer of a file with several.")] = None,
    crs: Annotated[str | None, typer.Option(help="Coordinate system, where the file names none: EPSG:5186.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of a shapefile: CP949.")] = None,
    bbox: Annotated[str | None, typer.Option(help="Only roads in west,south,east,north (degrees).")] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns of a vector file: ROLE=COLUMN,... for id, name, grade, class, oneway.")
    ] = None,
    directed: Annotated[
        bool, typer.Option("--directed", help="Every line of a vector file is one direction of its road already.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Cut a road network into directed stretches of at most 50 m; two-way streets become two directions."""
    from pothole.errors import BadInputError, UserError
    from pothole.roads.build import build as cut
    from pothole.roads.check import check_segments
    from pothole.roads.lines import ReadOptions, is_osm, read_lines

    if not out_.endswith((".csv", ".parquet")):
        raise UserError(f"--out {out_} is neither .csv nor .parquet", hint="--out segments.csv")
    options = ReadOptions(layer, crs, encoding, _box(bbox), _pairs(columns), directed)
    segments = cut(read_lines(source, options), max_length_m)
    if segments.num_rows == 0:
        raise BadInputError(f"{source}: no road has any length", hint="check that its coordinates are what --crs says")
    check_segments(segments, str(source))
    _write(segments, out_, attribute=is_osm(source))
    _show(segments, out_, json)


def _write(segments: pa.Table, target: str, *, attribute: bool) -> None:
    """The segments and, where the licence asks for it, whose they are."""
    from io import BytesIO

    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    from pothole.errors import UserError
    from pothole.lake.storage import open_storage
    from pothole.roads import ATTRIBUTION

    folder, _, name = target.rpartition("/")
    try:
        storage, content = open_storage(folder or ".", create=True), BytesIO()
    except FileExistsError:
        raise UserError(f"cannot write {target}: {folder} is a file", hint="choose another --out") from None
    (pq.write_table if name.endswith(".parquet") else pacsv.write_csv)(segments, content)
    storage.write(name, content.getvalue())
    if attribute:
        storage.write("ATTRIBUTION.txt", f"{ATTRIBUTION}\n".encode())
        err.print(f"data {ATTRIBUTION}; said so in ATTRIBUTION.txt beside {target}", soft_wrap=True)


def _show(segments: pa.Table, target: str, as_json: bool) -> None:
    import pyarrow.compute as pc

    from pothole.roads.check import lengths_m

    lengths = lengths_m(segments)
    links, km = pc.count_distinct(segments["link_id"]).as_py(), float(lengths.sum()) / 1000
    if as_json:
        out.print_json(
            data={
                "file": target, "segments": segments.num_rows, "links": links, "length_km": round(km, 3),
                "longest_m": round(float(lengths.max()), 2),
            }
        )  # fmt: skip
        return
    out.print(
        f"{target}: {segments.num_rows:,} segments of {links:,} directed links, {km:,.1f} km; "
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


def _pairs(text: str | None) -> dict[str, str]:
    from pothole.errors import UserError

    pairs = [part.partition("=") for part in (text or "").split(",") if part.strip()]
    if any(not role.strip() or not column.strip() for role, _, column in pairs):
        raise UserError(f"--columns {text!r} is not ROLE=COLUMN,...", hint="--columns id=NUMBER,name=STREET")
    return {role.strip(): column.strip() for role, _, column in pairs}
