"""Messages to people by Slack and e-mail, each where it is configured; none where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pothole_run import day_of

from pothole.cloud.settings import CloudSettings
from pothole.errors import PotholeError

FAILED = "pothole pipeline of {{ day }}: {{ ti.task_id }} failed"
DONE = "pothole pipeline of {{ day }}: succeeded"
_KILLED = "it was ended from outside; its log tells how far it came"

Callback = Callable[[Mapping[str, Any]], None]


def on_failure(settings: CloudSettings) -> list[Callback]:
    """For every task: which one, of which date, why, and where its log is."""
    return _callback(settings, FAILED, "{{ cause }}")


def on_success(settings: CloudSettings) -> list[Callback]:
    """For the task that succeeds only if every other has."""
    return _callback(settings, DONE, "")


def _callback(settings: CloudSettings, title: str, cause: str) -> list[Callback]:
    if not (settings.slack_conn_id or (settings.smtp_conn_id and settings.email_to)):
        return []

    def announce(context: Mapping[str, Any]) -> None:
        told = {**context, "day": _day(settings, context), "cause": str(context.get("exception") or _KILLED)}
        failed = []
        for notifier in _notifiers(settings, title, cause):
            try:
                notifier(told)
            except Exception as error:  # the other one is still to be told
                failed.append(error)
        if failed:
            raise failed[0]

    return [announce]


def _day(settings: CloudSettings, context: Mapping[str, Any]) -> str:
    try:
        return day_of(settings, context)
    except PotholeError:
        return "a date that is none"


def _notifiers(settings: CloudSettings, title: str, cause: str) -> Iterator[Callable[..., Any]]:
    """Made for one message each: they render their texts in place."""
    if settings.slack_conn_id:
        from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

        text = "\n".join(part for part in (title, cause, "{{ ti.log_url }}") if part)
        yield SlackWebhookNotifier(slack_webhook_conn_id=settings.slack_conn_id, text=text, timeout=20)
    if settings.smtp_conn_id and settings.email_to:
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        cause = cause.replace("}}", "| e }}")
        text = f'<p>{title}</p><pre>{cause}</pre><p><a href="{{{{ ti.log_url }}}}">log</a></p>'
        yield SmtpNotifier(smtp_conn_id=settings.smtp_conn_id, to=settings.email_to, subject=title, html_content=text)
