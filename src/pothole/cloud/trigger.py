"""Run a batch date on the cluster: once, unless it is forced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pothole.cloud import task_instances
from pothole.cloud.airflow_api import AirflowApi, ConflictError, Run
from pothole.cloud.say import Say
from pothole.errors import ConfigError, UserError
from pothole.settings import parse_date

FIRST_DATE = "2020-01-01"
"""The DAG's start: a run of an earlier date would be a success at once, without any task."""


def zone(environ: Mapping[str, str]) -> str:
    """The pipeline's time zone, POTHOLE_TIMEZONE; ConfigError when there is none of that name."""
    name = environ.get("POTHOLE_TIMEZONE", "").strip() or "Asia/Seoul"
    try:
        return ZoneInfo(name).key
    except Exception:
        raise ConfigError(f"POTHOLE_TIMEZONE is {name!r}", hint="an IANA name, such as Asia/Seoul") from None


def batch_day(text: str | None, zone: str, now: datetime | None = None) -> str:
    """A date that has ended, by default yesterday; UserError for another."""
    yesterday = ((now or datetime.now(UTC)).astimezone(ZoneInfo(zone)) - timedelta(days=1)).date().isoformat()
    if text is None:
        return yesterday
    day = parse_date(text)
    if day != text:
        raise UserError(f"{text!r} is not a date", hint=f"expected YYYY-MM-DD, such as {day}")
    if day > yesterday:
        raise UserError(f"{day} has not ended in {zone}", hint=f"the latest date is {yesterday}")
    if day < FIRST_DATE:
        raise UserError(f"{day} lies before the DAG's first date, {FIRST_DATE}", hint="check the year")
    return day


def trigger(api: AirflowApi, day: str, *, force: bool, wait: bool, say: Say) -> bool:
    """Run a date unless it has run or is running; False if it was waited for, or had run, and was no success."""
    run = api.run_of(day)
    if run is None:
        run, started = _start(api, day)
        say(f"{day} is triggered: run {run.run_id}" if started else _going(day, run))
    elif run.going:
        say(_going(day, run))
    elif force:
        api.check_has_tasks(run)
        api.check_ready()
        api.clear(run.run_id)
        say(f"{day} runs again: run {run.run_id} (was {run.state})")
    else:
        api.check_has_tasks(run)
        say(f"{day} has run already: run {run.run_id} is {run.state}; --force runs it again")
        return run.state == "success"
    return not wait or _ended(api, run.run_id, say)


def rerun(api: AirflowApi, day: str, task_id: str, *, wait: bool, say: Say) -> bool:
    """Run a task of a date and all after it again; False if it was waited for and was no success.

    Instead of the check of a stage's result the stage: the check asks for what the run that is going has published.
    UserError for a task that is none, or a run that is going; NoDataError when the date has no run.
    """
    task_instances.check_name(api, task_id)
    run = task_instances.run_of(api, day)
    if run.going:
        raise UserError(_going(day, run), hint=f"wait for its end: `pothole status {day} --watch`")
    api.check_ready()
    stage = re.fullmatch(r"check_s3_(.+)_out", task_id)
    if stage:
        say(f"{task_id} looks for what this very run has published: it begins with run_{stage[1]}")
        task_id = f"run_{stage[1]}"
    cleared = task_instances.clear_from(api, run.run_id, task_id)
    say(f"{day} runs again from {task_id}: run {run.run_id} (was {run.state}); again: {', '.join(cleared)}")
    return not wait or _ended(api, run.run_id, say)


def _start(api: AirflowApi, day: str) -> tuple[Run, bool]:
    """Its new run; or, with False, the one that somebody else has started this very moment."""
    api.check_ready()
    try:
        return api.trigger(day), True
    except ConflictError:
        run = api.run_of(day)
        if run is None:
            raise
        return run, False


def _going(day: str, run: Run) -> str:
    return f"{day} is running already: run {run.run_id} is {run.state}"


def _ended(api: AirflowApi, run_id: str, say: Say) -> bool:
    run = api.wait(run_id, say)
    failed = [task for task, state in api.tasks(run_id).items() if state == "failed"]
    say(f"run {run_id}: {run.state}" + (f" ({', '.join(failed)} failed)" if failed else "") + f"; {api.link(run_id)}")
    return run.state == "success"
