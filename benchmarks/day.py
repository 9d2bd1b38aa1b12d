"""``make bench``: the whole day of 22.5 million samples against its baselines, in one run, as ratios.

``--large`` runs ten times that day too. Every command is a process of its own, in turn, ``--runs`` times; medians are
shown. A run of the usual day writes them into the README, too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import pages
from benchmarks.measure import Measurement, run
from pothole.simulate.plain import simulate_plain

DAY = "2026-02-12"
TRIPS = 50_000
BENCH, LARGE = "bench", "bench-large"
"""The tables of the documentation that are written here."""
ENVIRONMENT = {"POTHOLE__ENGINE__THREADS": "2", "POTHOLE__ENGINE__SPARK_MASTER": "local[2]"}


def pothole(lake: Path, engine: str) -> list[str]:
    """The day's command."""
    return [sys.executable, "-m", "pothole", "run", DAY, "--lake", str(lake), "--engine", engine, "--json"]


def baseline(name: str, lake: Path) -> list[str]:
    """One of the baselines."""
    return [sys.executable, "-m", "benchmarks.baselines", name, str(lake), DAY]


def main() -> None:
    """Make the day, run everything in turn, print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trips", type=int, default=TRIPS)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--large", action="store_true", help="ten times the day as well")
    arguments.add_argument("--no-spark", action="store_true")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="pothole-bench-") as folder:
        lake = Path(folder) / "lake"
        samples = simulate_plain(lake, trips=given.trips, seed=9, day=date.fromisoformat(DAY))
        commands = {
            "read every column": baseline("scan", lake),
            "row_number() over each trip": baseline("row_number", lake),
            "plain z-score and nearest midpoint": baseline("zscore", lake),
            "the day, DuckDB": pothole(lake, "duckdb"),
        }
        if not given.no_spark:
            commands["the day, Spark local"] = pothole(lake, "spark")
        results: dict[str, list[Measurement]] = {name: [] for name in commands}
        for _ in range(given.runs):
            for name, command in commands.items():
                results[name].append(run(command, ENVIRONMENT))
        title = f"{samples:,} samples, 2 threads, median of {given.runs}"
        show(title, results)
        usual = given.trips == TRIPS
        if usual and not given.no_spark:
            pages.write(BENCH, as_markdown(title, results))
        if given.large:
            seconds = statistics.median(m.seconds for m in results["the day, DuckDB"])
            told = large(Path(folder) / "large", given.trips, seconds)
            if usual:
                pages.write(LARGE, told)


def large(lake: Path, trips: int, seconds: float) -> str:
    """Ten times the day, once; what came out, in a line."""
    samples = simulate_plain(lake, trips=10 * trips, files=250, seed=10, day=date.fromisoformat(DAY))
    result = run(pothole(lake, "duckdb"), ENVIRONMENT | {"POTHOLE__ENGINE__MEMORY_GB": "9"})
    told = (
        f"{samples:,} samples on DuckDB: {result.seconds / seconds:.1f} x the day's time, "
        f"peak {result.peak_gib:.1f} GiB."
    )
    Console().print(f"{result.seconds:.1f} s; {told}")
    return told


def show(title: str, results: dict[str, list[Measurement]]) -> None:
    """Medians, and ratios to the row_number pass and to reading the columns."""
    medians = {name: statistics.median(m.seconds for m in runs) for name, runs in results.items()}
    table = Table(title=title, title_justify="left")
    for column in ("what", "seconds", "x row_number", "x reading", "peak GiB"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, runs in results.items():
        table.add_row(
            name,
            f"{medians[name]:.1f}",
            f"{medians[name] / medians['row_number() over each trip']:.2f}",
            f"{medians[name] / medians['read every column']:.1f}",
            f"{max(m.peak_gib for m in runs):.1f}",
        )
    Console(width=100).print(table)


def as_markdown(title: str, results: dict[str, list[Measurement]]) -> str:
    """The table as the README has it."""
    medians = {name: statistics.median(m.seconds for m in runs) for name, runs in results.items()}
    unit = medians["row_number() over each trip"]
    rows = [
        (name, f"{medians[name]:.1f}", f"{medians[name] / unit:.2f}", f"{max(m.peak_gib for m in runs):.1f}")
        for name, runs in results.items()
    ]
    head = ("what", "seconds", "x one `row_number()` pass", "peak GiB")
    return f"{title}:\n\n{pages.table(head, rows, numbers=head[1:])}"


if __name__ == "__main__":
    main()
