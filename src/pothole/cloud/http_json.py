"""JSON over HTTP to Airflow's api-server, logged in; every refusal told with its cause and the fix."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from pothole.errors import ConfigError, PipelineFailure

_TIMEOUT_SECONDS = 30.0
_LOG_IN = "set AIRFLOW_USERNAME and AIRFLOW_PASSWORD, or AIRFLOW_API_TOKEN"


class AirflowApiError(PipelineFailure):
    """Airflow cannot be reached, or refuses."""


class AwayError(AirflowApiError):
    """Airflow does not answer now; it may later."""


class ConflictError(AirflowApiError):
    """The run exists already."""


class Session:
    """Logs in when first asked, and anew when the token has expired."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.url = (environ.get("AIRFLOW_API_URL") or "http://localhost:8080").rstrip("/")
        if not re.fullmatch(r"https?://[^/\s@]+(/\S*)?", self.url):
            raise ConfigError("AIRFLOW_API_URL is not an address", hint="expected such as http://localhost:8080")
        self._user, self._password = environ.get("AIRFLOW_USERNAME"), environ.get("AIRFLOW_PASSWORD")
        if bool(self._user) != bool(self._password):
            missing = "AIRFLOW_PASSWORD" if self._user else "AIRFLOW_USERNAME"
            raise ConfigError(f"{missing} is not set", hint=_LOG_IN)
        self._given = (environ.get("AIRFLOW_API_TOKEN") or "").strip()
        self._token = self._given

    def call(self, method: str, path: str, content: Any = None) -> Any:
        """The answer to a call of the API."""
        fresh = not self._token
        if fresh:
            self._token = self._log_in()
        try:
            try:
                return self._ask(method, path, content)
            except _Refused as refused:
                if not refused.stale or fresh or self._given:
                    raise
            self._token = ""
            self._token = self._log_in()
            return self._ask(method, path, content)
        except _Refused as refused:
            raise self._explained(refused) from None

    def public(self, path: str) -> Any:
        """What Airflow tells anybody: no login is sent."""
        try:
            return self._ask("GET", path, login=False)
        except _Refused as refused:
            raise self._explained(refused) from None

    def _log_in(self) -> str:
        """A token for the user; without one Airflow gives it where everybody is an administrator."""
        body = {"username": self._user, "password": self._password} if self._user else None
        try:
            answer = self._ask("POST" if body else "GET", "/auth/token", body)
            return str(answer["access_token"])
        except _Refused as refused:
            if refused.code >= 500:
                raise self._explained(refused) from None
            if body is None:
                raise AirflowApiError(f"Airflow at {self.url} wants a login", hint=_LOG_IN) from None
            if refused.code == 401:
                raise AirflowApiError(
                    f"Airflow at {self.url} refuses the user {self._user} or the password",
                    hint="check AIRFLOW_USERNAME and AIRFLOW_PASSWORD",
                ) from None
            raise AirflowApiError(
                f"Airflow at {self.url} gives no token for user and password ({refused.code})",
                hint="set AIRFLOW_API_TOKEN to one that its login gives",
            ) from None
        except (KeyError, TypeError):
            raise AirflowApiError(f"what answers at {self.url} is not Airflow", hint="check AIRFLOW_API_URL") from None

    def _ask(self, method: str, path: str, content: Any = None, *, login: bool = True) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token and login:
            headers["Authorization"] = f"Bearer {self._token}"
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers, method=method)  # noqa: S310 -- http(s), as checked above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise _Refused(error.code, _said(error)) from None
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise AwayError(
                f"Airflow does not answer at {self.url}: {why}",
                hint="is its api-server running? AIRFLOW_API_URL tells where it is",
            ) from None
        try:
            return json.loads(text)
        except ValueError:
            raise AirflowApiError(f"what answers at {self.url} is not Airflow", hint="check AIRFLOW_API_URL") from None

    def _explained(self, refused: _Refused) -> AirflowApiError:
        usual: tuple[type[AirflowApiError], str | None] = (AwayError if refused.code >= 500 else AirflowApiError, None)
        kind, hint = _KINDS.get(401 if refused.stale else refused.code, usual)
        return kind(f"Airflow at {self.url} answers {refused.code}: {refused.said}", hint=hint)


class _Refused(Exception):
    """An answer that is an error: its status code and its own words."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(code, said)
        self.code, self.said = code, said

    @property
    def stale(self) -> bool:
        """Is it about the token? 401 for one that has expired, 403 for one that was signed with another secret."""
        return self.code == 401 or (self.code == 403 and "JWT" in self.said)


_KINDS: dict[int, tuple[type[AirflowApiError], str | None]] = {
    401: (AirflowApiError, f"the token has expired or is of another Airflow: {_LOG_IN}"),
    403: (AirflowApiError, "this user may not do that: give it a role that may trigger runs"),
    404: (AirflowApiError, "is the DAG loaded? `pothole airflow install`, then `airflow dags list-import-errors`"),
    409: (ConflictError, "UNIQUE constraint: the run of that date exists (이미 실행된 날짜); --force runs it again"),
}


def _said(error: urllib.error.HTTPError) -> str:
    """The answer's own words, on one line."""
    try:
        text = error.read()[:2000].decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return str(error.reason)
    try:
        text = str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        text = text if "<" not in text else str(error.reason)
    return " ".join(text.split())[:300] or str(error.reason)
