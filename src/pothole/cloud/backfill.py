"""Run the dates of a range on the cluster, in order, one at a time; what is done already is left alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from pothole.cloud.airflow_api import AirflowApi
from pothole.cloud.say import Say
from pothole.cloud.trigger import batch_day, trigger
from pothole.errors import PipelineFailure, UserError

#: Called with what is being done and the share of the dates that are done, 0..1.
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a date: ``skipped`` (it was done before), ``success`` or ``failed``."""

    date: str
    what: str
    seconds: float = 0.0


def days(first: str, last: str, zone: str) -> list[str]:
    """All dates of a range, both ends with it; UserError for a date that cannot be run, or an end before the begin."""
    begin, end = (date.fromisoformat(batch_day(text, zone)) for text in (first, last))
    if end < begin:
        raise UserError(f"{last} lies before {first}", hint=f"`pothole backfill {last} {first}`")
    return [(begin + timedelta(days=n)).isoformat() for n in range((end - begin).days + 1)]


def backfill(
    api: AirflowApi, dates: list[str], *, force: bool, keep_going: bool, say: Say, progress: Progress
) -> list[Outcome]:
    """Run every date and wait for its end: new ones, failed ones again, with ``force`` all.

    A date that is running is waited for. PipelineFailure at the first date that fails, which says how to go on; with
    ``keep_going`` the others are run all the same.
    """
    done: list[Outcome] = []
    for number, day in enumerate(dates):
        progress(_told(day, number, len(dates), done), number / len(dates))
        done.append(_one(api, day, force=force, say=say))
        if done[-1].what == "failed" and not keep_going:
            raise PipelineFailure(
                f"{day} failed, {len(dates) - number - 1} dates were not begun; {summary(done)}",
                hint=f"`pothole logs TASK {day}` tells why; then the same command goes on from {day}",
            )
    progress(summary(done), 1.0)
    return done


def _one(api: AirflowApi, day: str, *, force: bool, say: Say) -> Outcome:
    began, run = time.monotonic(), api.run_of(day)
    if run is not None and run.state == "success" and not force:
        api.check_has_tasks(run)
        say(f"{day} is done already: run {run.run_id}")
        return Outcome(day, "skipped")
    again = run is not None and not run.going
    good = trigger(api, day, force=again, wait=True, say=say)
    return Outcome(day, "success" if good else "failed", round(time.monotonic() - began, 1))


def _told(day: str, number: int, count: int, done: list[Outcome]) -> str:
    """Where it is, and how long the rest may take by the mean of what was run."""
    ran = [outcome.seconds for outcome in done if outcome.what != "skipped"]
    left = f", about {sum(ran) / len(ran) * (count - number) / 60:.0f} min left" if ran else ""
    return f"{day} ({number + 1} of {count}{left})"


def summary(done: list[Outcome]) -> str:
    """How many dates became what."""
    counts = {what: sum(outcome.what == what for outcome in done) for what in ("success", "skipped", "failed")}
    named = {"success": "run", "skipped": "done before", "failed": "failed"}
    return ", ".join(f"{count} {named[what]}" for what, count in counts.items() if count) or "no date"
