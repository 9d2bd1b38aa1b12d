"""``pothole simulate``: a fleet's days with a known truth."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from pothole.cli import app
from pothole.cli.console import out, steps


@app.command(epilog="Example: pothole simulate --out ./lake --trips 200 --days 2 --seed 1")
def simulate(
    out_: Annotated[Path, typer.Option("--out", help="Folder of the lake to write.")],
    trips: Annotated[int, typer.Option(min=1, help="Trips a day.")] = 100,
    days: Annotated[int, typer.Option(min=1, help="Days.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data.")] = 0,
    start_date: Annotated[
        str | None, typer.Option(help="First day, YYYY-MM-DD; otherwise so that the last was yesterday.")
    ] = None,
    roads: Annotated[Path | None, typer.Option(help="Road network to drive on (segments.csv or .parquet).")] = None,
    setting: Annotated[str, typer.Option(help="easy, standard or hard.")] = "standard",
    vehicles: Annotated[int | None, typer.Option(min=1, help="Vehicles; otherwise one for eight trips.")] = None,
    files: Annotated[int | None, typer.Option(min=1, help="Files a day.")] = None,
    broken_share: Annotated[float, typer.Option(min=0.0, max=0.5, help="Share of broken rows.")] = 0.002,
    plain: Annotated[bool, typer.Option("--plain", help="One big day for timing, without physics or truth.")] = False,
) -> None:
    """Simulate a fleet: roads with defects, vehicles on springs, devices; the truth is written to OUT.truth."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pothole.config import load, parse_date
    from pothole.errors import UserError
    from pothole.simulate.fleet import simulate as drive
    from pothole.simulate.plain import simulate_plain
    from pothole.simulate.settings import SETTINGS

    if setting not in SETTINGS:
        raise UserError(f"there is no setting {setting!r}", hint=f"one of {', '.join(SETTINGS)}")
    today = datetime.now(ZoneInfo(load().settings.timezone)).date()
    first = date.fromisoformat(parse_date(start_date)) if start_date else today - timedelta(days=days)
    with steps() as advance:
        if plain:
            samples = simulate_plain(
                out_, trips=trips, seed=seed, day=first, files=files or 25, roads=roads, progress=advance
            )
            summary = f"{samples:,} samples of {trips:,} trips on {first}"
        else:
            done = drive(
                out_, trips=trips, days=days, seed=seed, start_date=first, setting=SETTINGS[setting], roads=roads,
                vehicle_count=vehicles, files=files or 8, broken_share=broken_share, progress=advance,
            )  # fmt: skip
            summary = (
                f"{done.samples:,} samples of {done.trips:,} trips over {done.kilometres:,.0f} km; "
                f"{done.potholes} potholes, {done.wheel_overs} wheel-overs; the truth lies in {out_}.truth"
            )
    out.print(f"{out_}: {summary}", soft_wrap=True)
    out.print(f"next: pothole run {first} --lake {out_}", soft_wrap=True)
