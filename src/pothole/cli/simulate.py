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
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same data.")] = 0,
    start_date: Annotated[
        str | None, typer.Option(help="First day, YYYY-MM-DD; otherwise so that the last was yesterday.")
    ] = None,
    roads: Annotated[
        Path | None, typer.Option(help="Road network to drive on (segments.csv or .parquet); otherwise a made-up town.")
    ] = None,
    setting: Annotated[str, typer.Option(help="easy, standard, hard or fast (out of town).")] = "standard",
    vehicles: Annotated[int | None, typer.Option(min=1, help="Vehicles; otherwise one for eight trips.")] = None,
    files: Annotated[int | None, typer.Option(min=1, help="Files a day; otherwise 8, with --plain 25.")] = None,
    broken_share: Annotated[float, typer.Option(min=0.0, max=0.5, help="Share of broken rows.")] = 0.002,
    plain: Annotated[bool, typer.Option("--plain", help="Big days for timing, without physics or truth.")] = False,
    samples_per_trip: Annotated[int, typer.Option(min=2, help="Only with --plain: samples of a trip, at 10 Hz.")] = 450,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Simulate a fleet: roads with defects, vehicles on springs, devices; the truth is written to OUT.truth."""
    import json as jsons
    from dataclasses import asdict

    from pothole.errors import UserError
    from pothole.simulate import layers
    from pothole.simulate.fleet import simulate as drive
    from pothole.simulate.plain import simulate_plain
    from pothole.simulate.settings import SETTINGS

    if setting not in SETTINGS:
        raise UserError(f"there is no setting {setting!r}", hint=f"one of {', '.join(SETTINGS)}")
    first = _first_day(start_date, days)
    with steps() as advance:
        if plain:
            dates = [first + timedelta(days=d) for d in range(days)]
            samples = sum(
                simulate_plain(
                    out_, trips=trips, samples_per_trip=samples_per_trip, files=files or 25, seed=seed, day=day,
                    roads=roads, progress=advance,
                )
                for day in dates
            )  # fmt: skip
            figures = {"dates": [d.isoformat() for d in dates], "trips": trips * days, "samples": samples}
        else:
            done = drive(
                out_, trips=trips, days=days, seed=seed, start_date=first, setting=SETTINGS[setting], roads=roads,
                vehicle_count=vehicles, files=files or 8, broken_share=broken_share, progress=advance,
            )  # fmt: skip
            figures = asdict(done)
    if json:
        out.print_json(jsons.dumps(figures))
        return
    out.print(f"{out_}: {figures['samples']:,} samples of {figures['trips']:,} trips", soft_wrap=True)
    if not plain:
        out.print(
            f"{figures['potholes']} potholes, {figures['wheel_overs']} wheel-overs on {figures['kilometres']:,.0f} km; "
            f"the truth lies in {layers.truth_folder(out_)}",
            soft_wrap=True,
        )
    out.print(f"next: pothole run {first} --lake {out_}", soft_wrap=True)


def _first_day(start_date: str | None, days: int) -> date:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from pothole.config import load, parse_date

    if start_date:
        return date.fromisoformat(parse_date(start_date))
    return datetime.now(ZoneInfo(load().settings.timezone)).date() - timedelta(days=days)
