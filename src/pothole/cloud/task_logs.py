"""A task's log through Airflow's public API, also while it grows and through the task's tries."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pothole.cloud.airflow_api import AWAY_SECONDS, AirflowApi, moment, run_path
from pothole.cloud.http_json import AwayError
from pothole.cloud.task_instances import Task, one
from pothole.errors import NoDataError

_POLL_SECONDS = 2.0
_NO_LOG_YET = ("queued", "scheduled")
_UNDERWAY = (*_NO_LOG_YET, "running", "deferred", "up_for_retry", "up_for_reschedule", "restarting")


def log(api: AirflowApi, run_id: str, task_id: str, *, attempt: int | None, follow: bool) -> Iterator[str]:
    """The lines of a task's log; of its last try unless ``attempt`` says which; with ``follow`` until it has ended.

    NoDataError when the task has not begun, or had fewer tries.
    """
    task = one(api, run_id, task_id)
    while follow and attempt is None and task.tries == 0 and task.state in (None, *_UNDERWAY):
        time.sleep(_POLL_SECONDS)
        task = one(api, run_id, task_id)
    number = attempt or task.tries
    if not 0 < number <= task.tries:
        raise NoDataError(
            f"{task_id} of run {run_id} has {f'had no try {attempt}' if attempt else 'not begun'}: "
            f"it is {task.state or 'waiting'} after {task.tries} tries",
            hint="`pothole status DATE` shows where the run is; --follow waits for the task",
        )
    if not follow:
        yield from _chunk(api, run_id, task_id, number, None)[0]
    while follow:
        task = yield from _followed(api, run_id, task_id, number)
        follow, number = attempt is None and task.tries > number, number + 1


def _followed(api: AirflowApi, run_id: str, task_id: str, number: int) -> Generator[str, None, Task]:
    """One try's lines until it has ended and, if it is to be tried again, the next one has begun; the task then.

    An API that is away for a while is no end.
    """
    token, whole, heard = None, False, time.monotonic()
    while True:
        try:
            task = one(api, run_id, task_id)
            lines: Iterator[str] = iter(())
            mine = task.tries == number
            if not whole and not (mine and task.state in _NO_LOG_YET):
                lines, token = _chunk(api, run_id, task_id, number, token)
                whole = token is None
            heard = time.monotonic()
        except AwayError:
            if time.monotonic() - heard > AWAY_SECONDS:
                raise
            time.sleep(_POLL_SECONDS)
            continue
        yield from lines
        if not mine or task.state not in _UNDERWAY:
            return task
        time.sleep(_POLL_SECONDS)


def _chunk(
    api: AirflowApi, run_id: str, task_id: str, number: int, token: str | None
) -> tuple[Iterator[str], str | None]:
    """The lines after those that the token stands for, and the next token; none at the log's end."""
    query = f"?{urlencode({'token': token})}" if token else ""
    path = f"{run_path(run_id)}/taskInstances/{quote(task_id, safe='')}/logs/{number}{query}"
    answer = api.call("GET", path)
    return _lines(answer["content"]), answer.get("continuation_token")


def _lines(content: Iterable[Any]) -> Iterator[str]:
    """Log messages as people read them; where Airflow found them is left out."""
    source = False
    for message in content:
        text = message if isinstance(message, str) else str(message.get("event", ""))
        if text.startswith("::group::Log message source details"):
            source = True
        elif source:
            source = text != "::endgroup::"
        else:
            yield text if isinstance(message, str) else _line(message, text)


def _line(message: Mapping[str, Any], text: str) -> str:
    at = moment(message.get("timestamp"))
    level = str(message.get("level", "")).upper()
    return " ".join(part for part in (f"{at:%H:%M:%S}" if at else "", level if level != "INFO" else "", text) if part)
