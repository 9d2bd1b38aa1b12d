"""Runs and tasks as tables for people, and as plain values for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from pothole.cloud.status import RunStatus, TaskStatus
    from pothole.records import StageFigures

_COLOURS = {"success": "green", "failed": "red", "upstream_failed": "red", "running": "cyan", "up_for_retry": "yellow"}
_SLOW = 1.5
"""A duration is marked from so many times the usual one on, if that is 30 seconds more."""


def runs(found: Sequence[RunStatus], zone: str) -> RenderableType:
    """The last runs."""
    if not found:
        return "no run yet: `pothole trigger` starts one"
    table = _table(
        f"runs, times in {zone}", "date", "state", "start", ">duration", ">in", ">out", ">quarantined", ">cost", "run"
    )
    for r in found:
        rows = (_number(n) for n in (r.rows_in, r.rows_out, r.quarantined))
        table.add_row(
            r.date, _state(r.state), _at(r.started, zone), duration(r.seconds), *rows, _cost(r), escape(r.run_id)
        )
    return table


def run(r: RunStatus, tasks: Sequence[TaskStatus], usual: float | None, zone: str) -> Iterator[RenderableType]:
    """One run: its tasks, its stages' rows, its cost."""
    title = f"{r.date}: run {escape(r.run_id)} is {_state(r.state)}, since {_at(r.started, zone)} ({zone})"
    table = _table(title, "task", "state", ">try", "start", ">duration", ">usual")
    for task in tasks:
        table.add_row(
            task.task, _state(task.state), str(task.tries or "-"), _at(task.started, zone), _took(task),
            duration(task.usual_seconds),
        )  # fmt: skip
    table.add_section()
    table.add_row("all", "", "", "", duration(r.seconds), duration(usual))
    yield table
    if r.stages:
        yield _stages(r.stages)
    if r.cost is not None:
        yield f"cost of all tries: {_cost(r)}"


def _stages(stages: Sequence[StageFigures]) -> Table:
    table = _table("rows", "stage", ">in", ">out", ">quarantined", "why")
    for s in stages:
        why = ", ".join(f"{rows:,} {reason}" for reason, rows in sorted(s.quarantined.items(), key=lambda r: -r[1]))
        quarantined = _number(sum(s.quarantined.values()))
        table.add_row(s.stage, _number(s.rows_in), _number(s.rows_out), quarantined, escape(why))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
    return table


def _state(state: str | None) -> str:
    colour = _COLOURS.get(state or "")
    return f"[{colour}]{state}[/]" if colour else state or "-"


def _took(task: TaskStatus) -> str:
    text, seconds, usual = duration(task.seconds), task.seconds, task.usual_seconds
    slow = seconds is not None and usual is not None and seconds > max(_SLOW * usual, usual + 30)
    return f"[yellow]{text}, slow[/]" if slow else text


def duration(seconds: float | None) -> str:
    """Such as ``42 s``, ``3 min 05 s``, ``1 h 02 min``."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _at(moment: datetime | None, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%m-%d %H:%M:%S}" if moment else "-"


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _cost(r: RunStatus) -> str:
    return "-" if r.cost is None else f"{r.cost:.2f} {escape(r.currency)}"


def plain(content: RunStatus | TaskStatus) -> dict[str, Any]:
    """For JSON: times as ISO 8601 in UTC."""
    return {key: _value(value) for key, value in dataclasses.asdict(content).items()}


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
