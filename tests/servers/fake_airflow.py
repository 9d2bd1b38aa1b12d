"""A small server that answers as Airflow 3.3.2's API does (shapes and status codes from its source)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from pothole.cloud.airflow_api import DAG_ID

PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
USER = {"username": "officer", "password": "a-secret-word"}


class FakeAirflow(ThreadingHTTPServer):
    """Keeps runs by id; ``calls`` are what it was asked, ``broken`` the answers that come before the right ones.

    ``details`` are more of a task (try, times), ``logs`` the lines by task and try, ``ends`` how runs end at once, by
    id; ``seen`` is called with every question.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.seen: Callable[[str, str], None] = lambda method, path: None
        self.broken: list[tuple[int, object]] = []
        self.tasks: dict[str, str | None] = {"lease": "success", "run_stage1": None}
        self.details: dict[str, dict[str, Any]] = {}
        self.logs: dict[tuple[str, int], list[str]] = {}
        self.ends: dict[str, str] = {}
        self.stale: tuple[int, object] = (401, {"detail": "Token Expired"})
        self.token, self.all_admins, self.paused, self.loaded = "token-1", False, False, True
        self.down: set[str] = set()
        self.import_errors: list[dict[str, Any]] = []
        self.connection: dict[str, Any] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(
        self,
        run_id: str,
        state: str,
        *,
        logical_date: str | None,
        run_after: str,
        conf: dict[str, Any] | None = None,
        **more: str,
    ) -> None:
        self.runs[run_id] = {
            "dag_run_id": run_id, "dag_id": DAG_ID, "state": state, "logical_date": logical_date,
            "run_after": run_after, "conf": conf or {}, **more,
        }  # fmt: skip

    def posted(self, what: str) -> int:
        return sum(call.startswith("POST") and what in call for call in self.calls)


class _Handler(BaseHTTPRequestHandler):
    server: FakeAirflow

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        self.server.calls.append(f"{method} {self.path}")
        self.server.seen(method, self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        code, content = self.server.broken.pop(0) if self.server.broken else self._answer(method, body)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

    def _answer(self, method: str, body: dict[str, Any] | None) -> tuple[int, object]:  # noqa: PLR0911, PLR0912 -- a route each
        server, path = self.server, urlparse(self.path).path
        if path == "/auth/token":
            return self._token(method, body)
        if path == "/api/v2/monitor/health":
            return 200, {part: {"status": "unhealthy" if part in server.down else "healthy"} for part in PARTS}
        if self.headers.get("Authorization") != f"Bearer {server.token}":
            return server.stale
        dag = f"/api/v2/dags/{DAG_ID}"
        if path in ("/api/v2/dags", "/api/v2/importErrors"):
            return 200, {"dags": [], "import_errors": server.import_errors}
        if path == "/api/v2/connections/spark_master":
            return (200, server.connection) if server.connection else (404, {"detail": "no such connection"})
        if path == dag and not server.loaded:
            return 404, {"detail": f"The DAG with ID: `{DAG_ID}` was not found"}
        if path == dag:
            return 200, {"dag_id": DAG_ID, "is_paused": server.paused}
        if path == f"{dag}/dagRuns":
            return self._start(body) if method == "POST" else (200, {"dag_runs": self._found(), "total_entries": 1})
        if path == f"{dag}/tasks":
            return 200, {"tasks": _chain(list(server.tasks))}
        if path == f"{dag}/clearTaskInstances":
            assert body is not None
            return self._clear(body)
        if path == "/api/v2/dags/~/dagRuns/~/taskInstances/list":
            assert body is not None
            return self._page(body)
        run_id, _, what = path.removeprefix(f"{dag}/dagRuns/").partition("/")
        if run_id not in server.runs:
            return 404, {"detail": f"The DagRun with dag_id: `{DAG_ID}` and run_id: `{run_id}` was not found"}
        if what == "taskInstances":
            return 200, {"task_instances": [self._task(name) for name in reversed(server.tasks)]}
        if what.startswith("taskInstances/"):
            return self._one_task(what.removeprefix("taskInstances/"))
        if what == "clear":
            server.runs[run_id]["state"] = server.ends.get(run_id, "queued")
        return 200, server.runs[run_id]

    def _task(self, name: str) -> dict[str, Any]:
        state = self.server.tasks[name]
        usual = {"try_number": 0 if state is None else 1, "start_date": None, "end_date": None}
        return {"task_id": name, "state": state} | usual | self.server.details.get(name, {})

    def _page(self, body: dict[str, Any]) -> tuple[int, object]:
        all_ = [self._task(name) for _ in body["dag_run_ids"] for name in self.server.tasks]
        begin = body["page_offset"]
        return 200, {"task_instances": all_[begin : begin + body["page_limit"]], "total_entries": len(all_)}

    def _one_task(self, what: str) -> tuple[int, object]:
        """A task, or the log of one of its tries from where the token says."""
        name, _, number = what.partition("/logs/")
        if name not in self.server.tasks:
            return 404, {"detail": f"The Task Instance with task_id: `{name}` was not found"}
        if not number:
            return 200, self._task(name)
        lines = self.server.logs.get((name, int(number)), [])
        given = parse_qs(urlparse(self.path).query).get("token")
        header = ["::group::Log message source details", "/a/file.log", "::endgroup::"]
        content = lines[int(given[0]) :] if given else header + lines
        task = self._task(name)
        going = task["state"] == "running" and task["try_number"] == int(number)
        told = [{"event": line, "timestamp": "2026-02-13T01:02:03Z", "level": "info"} for line in content]
        return 200, {"content": told, "continuation_token": str(len(lines)) if going else None}

    def _clear(self, body: dict[str, Any]) -> tuple[int, object]:
        assert body["include_downstream"] and not body["dry_run"] and not body["only_failed"]
        names = list(self.server.tasks)
        cleared = names[names.index(body["task_ids"][0]) :]
        self.server.runs[body["dag_run_id"]]["state"] = self.server.ends.get(body["dag_run_id"], "queued")
        return 200, {"task_instances": [self._task(name) for name in cleared], "total_entries": len(cleared)}

    def _token(self, method: str, body: dict[str, Any] | None) -> tuple[int, object]:
        if method == "GET":
            return (201, {"access_token": self.server.token}) if self.server.all_admins else (403, {"detail": "no"})
        good = body == USER
        return (201, {"access_token": self.server.token}) if good else (401, {"detail": "Invalid credentials"})

    def _start(self, body: dict[str, Any] | None) -> tuple[int, object]:
        assert body is not None
        same = [r for r in self.server.runs.values() if r["logical_date"] == body["logical_date"]]
        if same or body["dag_run_id"] in self.server.runs:
            return 409, {"detail": {"reason": "Unique constraint violation"}}
        now = datetime.now(UTC).isoformat()
        self.server.add(
            body["dag_run_id"],
            self.server.ends.get(body["dag_run_id"], "queued"),
            logical_date=body["logical_date"],
            run_after=now,
            conf=body["conf"],
        )
        return 200, self.server.runs[body["dag_run_id"]]

    def _found(self) -> list[dict[str, Any]]:
        query = {key: values[0] for key, values in parse_qs(urlparse(self.path).query).items()}
        assert {"limit", "order_by"} <= set(query), "asks for everything"
        found = [run for run in self.server.runs.values() if _fits(run, query)]
        return sorted(found, key=lambda run: run["run_after"], reverse=True)[: int(query["limit"])]


def _chain(names: list[str]) -> list[dict[str, Any]]:
    """Tasks in the order of their names, as the API lists them, each followed by the next one of the chain."""
    after = dict(zip(names, [[name] for name in names[1:]] + [[]], strict=True))
    return [{"task_id": name, "downstream_task_ids": after[name]} for name in sorted(names)]


def _fits(run: dict[str, Any], query: dict[str, str]) -> bool:
    if query.get("state", run["state"]) != run["state"]:
        return False
    if query.get("conf_contains", "") not in json.dumps(run["conf"]):
        return False
    for name in ("logical_date", "run_after"):
        low, high = query.get(f"{name}_gte"), query.get(f"{name}_lt")
        if low and high:
            at = run[name] and datetime.fromisoformat(run[name])
            if not at or not datetime.fromisoformat(low) <= at < datetime.fromisoformat(high):
                return False
    return True


@contextmanager
def fake_airflow() -> Iterator[FakeAirflow]:
    made = FakeAirflow()
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()


def environment(server: FakeAirflow, **more: str) -> dict[str, str]:
    login = {"AIRFLOW_USERNAME": USER["username"], "AIRFLOW_PASSWORD": USER["password"]}
    return {"AIRFLOW_API_URL": server.url} | login | more
