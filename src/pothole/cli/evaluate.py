"""``pothole evaluate``: precision, recall and position error against a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out


@app.command(epilog="Example: pothole evaluate --lake ./lake --truth ./lake.truth")
def evaluate(
    lake: Annotated[str, typer.Option(help="A folder or s3://bucket\\[/prefix].")],
    truth: Annotated[Path, typer.Option(help="Folder with potholes.csv and impacts.csv, or dt=DATE folders of them.")],
    date: Annotated[str | None, typer.Option(help="One date; otherwise all that are published.")] = None,
    tolerance_ms: Annotated[float, typer.Option(help="An impact is right this near to a labelled one.")] = 1000.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score impacts and potholes by the contract's rules."""
    import json as jsons

    from pothole import evaluate as evaluation
    from pothole.config import parse_date
    from pothole.errors import NoDataError
    from pothole.lake import open_lake
    from pothole.tables import IMPACTS, POTHOLES

    opened = open_lake(lake)
    dates = [parse_date(date)] if date else opened.dates(POTHOLES.name)
    if not dates:
        raise NoDataError(f"no results in {opened.uri}", hint="pothole run DATE --lake LAKE")
    groups: list[tuple[int, int, int]] = []
    scores = []
    for day in dates:
        events, holes = evaluation.read_truth(truth, day)
        impacts = evaluation.reported(opened.read_table(IMPACTS.name, day))
        groups += evaluation.score_impacts(impacts, evaluation.pothole_events(events), tolerance_ms).groups
        scores.append(evaluation.score_potholes(opened.read_table(POTHOLES.name, day), holes))
    levels = {"impacts": evaluation.impact_score(groups), "potholes": evaluation.pooled_potholes(scores)}
    if json:
        out.print_json(jsons.dumps({"dates": dates} | {name: _figures(score) for name, score in levels.items()}))
        return
    table = Table(title=f"{', '.join(dates)}", title_justify="left")
    for name in (
        "level",
        "precision",
        "recall",
        "F1",
        "95 % interval",
        "right",
        "false",
        "missed",
        "median m",
        "90 % m",
    ):
        table.add_column(name, justify="left" if name == "level" else "right")
    for name, score in levels.items():
        figures = _figures(score)
        low, high = figures["f1_interval"]
        distance = [f"{figures[k]:.1f}" if figures.get(k) is not None else "" for k in ("median_m", "p90_m")]
        table.add_row(
            name, *(f"{figures[k]:.3f}" for k in ("precision", "recall", "f1")), f"{low or 0:.2f}..{high or 0:.2f}",
            str(figures["right"]), str(figures["false_alarms"]), str(figures["missed"]), *distance,
        )  # fmt: skip
    out.print(table)


def _figures(score: Any) -> dict[str, Any]:
    import math

    def number(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 4)

    figures: dict[str, Any] = {n: number(getattr(score, n)) for n in ("precision", "recall", "f1")}
    figures |= {n: getattr(score, n) for n in ("right", "false_alarms", "missed")}
    figures["f1_interval"] = [number(v) for v in score.interval]
    if hasattr(score, "median_m"):
        figures |= {"median_m": number(score.median_m), "p90_m": number(score.p90_m), "rarely_hit": score.rarely_hit}
    return figures
