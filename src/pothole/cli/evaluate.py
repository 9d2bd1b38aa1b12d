"""``pothole evaluate``: precision, recall and position error against a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from pothole.cli import app
from pothole.cli.console import out


@app.command(epilog="Example: pothole evaluate --lake ./lake --truth ./lake.truth")
def evaluate(
    lake: Annotated[str, typer.Option(help="A folder or s3://bucket\\[/prefix].")],
    truth: Annotated[
        Path, typer.Option(help="Folder with impacts.csv and potholes.csv (if any), or dt=DATE folders of them.")
    ],
    date: Annotated[str | None, typer.Option(help="One date; otherwise all that are published.")] = None,
    tolerance_ms: Annotated[float, typer.Option(help="An impact is right this near to a labelled one.")] = 1000.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score impacts and potholes by the contract's rules."""
    import json as jsons

    from pothole import evaluate as evaluation
    from pothole.config import parse_date
    from pothole.errors import NoDataError, UserError
    from pothole.lake import open_lake
    from pothole.tables import IMPACTS, POTHOLES

    if not tolerance_ms >= 0:
        raise UserError(f"--tolerance-ms is {tolerance_ms}", hint="expected milliseconds, 0 or more")
    opened = open_lake(lake)
    dates = [parse_date(date)] if date else opened.dates(POTHOLES.name)
    if not dates:
        raise NoDataError(f"no results in {opened.uri}", hint="pothole run DATE --lake LAKE")
    groups: list[tuple[int, int, int]] = []
    scores, at_structures = [], 0
    for day in dates:
        events, holes = evaluation.read_events(truth, day), evaluation.read_holes(truth, day)
        found = evaluation.reported(opened.read_table(IMPACTS.name, day))
        true, others = evaluation.pothole_events(events), evaluation.structure_events(events)
        groups += evaluation.score_impacts(found, true, tolerance_ms).groups
        at_structures += evaluation.false_alarms_at(others, found, true, tolerance_ms)
        if holes is not None:
            scores.append(evaluation.score_potholes(opened.read_table(POTHOLES.name, day), holes))
    levels = {"impacts": _figures(evaluation.impact_score(groups)) | {"false_alarms_at_structures": at_structures}}
    if scores:
        levels["potholes"] = _figures(evaluation.pooled_potholes(scores))
    if json:
        out.print_json(jsons.dumps({"dates": dates, **levels}))
        return
    _show(", ".join(dates), levels)
    _explain(levels)


def _show(title: str, levels: dict[str, dict[str, Any]]) -> None:
    columns = ("level", "precision", "recall", "F1", "95 %", "right", "false", "missed", "median m", "90 % m")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for name in columns:
        table.add_column(name, justify="left" if name == "level" else "right")
    for level, f in levels.items():
        shares = [f"{f[k]:.3f}" for k in ("precision", "recall", "f1")]
        low, high = f["f1_interval"]
        counts = [f"{f[k]:,}" for k in ("right", "false_alarms", "missed")]
        distances = ["" if f.get(k) is None else f"{f[k]:.1f}" for k in ("median_m", "p90_m")]
        table.add_row(level, *shares, "" if low is None else f"{low:.2f}..{high:.2f}", *counts, *distances)
    out.print(table)


def _explain(levels: dict[str, dict[str, Any]]) -> None:
    """What the table's figures leave open."""
    lines = {
        "false_alarms_at_structures": "{:,} of the impacts' false alarms lie at bumps and the like",
        "rarely_hit": "{:,} of the potholes found were hit fewer than three times: not counted",
        "without_link": "{:,} of the confirmed potholes lie on no known road: judged by distance alone",
    }
    figures = {name: number for level in levels.values() for name, number in level.items()}
    for name, text in lines.items():
        if figures.get(name):
            out.print(text.format(figures[name]), soft_wrap=True)
    if "potholes" not in levels:
        out.print("the truth has no potholes.csv: only impacts are scored")


def _figures(score: Any) -> dict[str, Any]:
    import math

    def number(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 4)

    figures: dict[str, Any] = {n: number(getattr(score, n)) for n in ("precision", "recall", "f1")}
    figures |= {n: getattr(score, n) for n in ("right", "false_alarms", "missed")}
    figures["f1_interval"] = [number(v) for v in score.interval]
    if hasattr(score, "median_m"):
        figures |= {"median_m": number(score.median_m), "p90_m": number(score.p90_m)}
        figures |= {"rarely_hit": score.rarely_hit, "without_link": score.without_link}
    return figures
