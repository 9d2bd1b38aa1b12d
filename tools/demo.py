"""``make demo``: a small fleet's day on real streets, from simulation to the ranked potholes and their map."""

from __future__ import annotations

import argparse
import shutil
import time
from datetime import date
from pathlib import Path

from rich.console import Console

from pothole import config, engines, evaluate, pipeline
from pothole.lake import open_lake
from pothole.roads import ATTRIBUTION, bundled
from pothole.simulate.fleet import simulate
from pothole.tables import IMPACTS, POTHOLES

TRIPS, SEED = 160, 3


def main() -> None:
    """Simulate, run, evaluate, report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=Path("out/demo"))
    out = arguments.parse_args().out
    console, start = Console(highlight=False), time.perf_counter()
    lake_folder = out / "lake"
    for old in (out, Path(f"{lake_folder}.truth")):
        shutil.rmtree(old, ignore_errors=True)
    day = date(2026, 2, 12)
    console.print(f"[bold]1.[/] {TRIPS} trips over the streets of Helsinki, simulated ...")
    done = simulate(lake_folder, trips=TRIPS, seed=SEED, start_date=day, roads=bundled())
    (lake_folder / "road-network" / "ATTRIBUTION.txt").write_text(ATTRIBUTION + "\n", encoding="utf-8")
    console.print(
        f"   {done.samples:,} samples, {done.kilometres:,.0f} km, {done.potholes} potholes, "
        f"{done.wheel_overs} wheel-overs"
    )
    console.print(f"[bold]2.[/] pothole run {day} --lake {lake_folder}")
    lake = open_lake(str(lake_folder))
    report = pipeline.run_day(lake, day.isoformat(), config.load(), lambda: engines.start("duckdb"))
    for stage in report.stages:
        counts = ", ".join(f"{n:,} {what}" for what, n in stage.rows.items())
        console.print(f"   {stage.stage}: {stage.seconds:.1f} s, {counts}", soft_wrap=True)
    console.print(f"[bold]3.[/] pothole evaluate --lake {lake_folder} --truth {lake_folder}.truth")
    show_score(console, lake_folder, day.isoformat())
    console.print(f"[bold]4.[/] pothole report {day} --lake {lake_folder} --out {out}\n")
    show_report(console, lake, day.isoformat(), out)
    for name in ("stage1_anomaly_detected", "stage2_spatial_clustering", "stage2_segment_condition"):
        console.print(f"  {lake_folder}/{name}/dt={day}/  (Parquet)", soft_wrap=True)
    console.print(f"\ndone in {time.perf_counter() - start:.0f} s")


def show_score(console: Console, lake_folder: Path, day: str) -> None:
    """How right it was, against the simulator's truth."""
    lake = open_lake(str(lake_folder))
    events, holes = evaluate.read_truth(Path(f"{lake_folder}.truth"), day)
    found = evaluate.reported(lake.read_table(IMPACTS.name, day))
    impacts = evaluate.score_impacts(found, evaluate.pothole_events(events))
    places = evaluate.score_potholes(lake.read_table(POTHOLES.name, day), holes)
    console.print(
        f"   impacts F1 {impacts.f1:.2f}; potholes: precision {places.precision:.2f}, recall {places.recall:.2f}, "
        f"F1 {places.f1:.2f}, median distance {places.median_m:.1f} m"
    )


def show_report(console: Console, lake: object, day: str, out: Path) -> None:
    """The ranked table, and the page, GeoJSON and CSV."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "pothole", "report", day, "--lake", lake.uri, "--out", str(out)]  # type: ignore[attr-defined]
    subprocess.run(command, check=True)
    console.print("\nwritten:")


if __name__ == "__main__":
    main()
