"""A small server that answers as Airflow 3.3.2's API does (shapes and status codes from its source)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from pothole.cloud.airflow_api import DAG_ID

PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
USER = {"username": "officer", "password": "a-secret-word"}


class FakeAirflow(ThreadingHTTPServer):
    """Keeps runs by id; ``calls`` are what it was asked, ``broken`` the answers that come before the right ones."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.runs: dict[str, dict] = {}
        self.calls: list[str] = []
        self.broken: list[tuple[int, object]] = []
        self.tasks: dict[str, str | None] = {"lease": "success", "run_stage1": None}
        self.stale: tuple[int, object] = (401, {"detail": "Token Expired"})
        self.token, self.all_admins, self.paused, self.loaded = "token-1", False, False, True
        self.down: set[str] = set()
        self.import_errors: list[dict] = []
        self.connection: dict | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(
        self, run_id: str, state: str, *, logical_date: str | None, run_after: str, conf: dict | None = None
    ) -> None:
        self.runs[run_id] = {
            "dag_run_id": run_id, "dag_id": DAG_ID, "state": state, "logical_date": logical_date,
            "run_after": run_after, "conf": conf or {},
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
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        code, content = self.server.broken.pop(0) if self.server.broken else self._answer(method, body)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

    def _answer(self, method: str, body: dict | None) -> tuple[int, object]:
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
        run_id, _, what = path.removeprefix(f"{dag}/dagRuns/").partition("/")
        if run_id not in server.runs:
            return 404, {"detail": f"The DagRun with dag_id: `{DAG_ID}` and run_id: `{run_id}` was not found"}
        if what == "taskInstances":
            return 200, {"task_instances": [{"task_id": k, "state": v} for k, v in server.tasks.items()]}
        if what == "clear":
            server.runs[run_id]["state"] = "queued"
        return 200, server.runs[run_id]

    def _token(self, method: str, body: dict | None) -> tuple[int, object]:
        if method == "GET":
            return (201, {"access_token": self.server.token}) if self.server.all_admins else (403, {"detail": "no"})
        good = body == USER
        return (201, {"access_token": self.server.token}) if good else (401, {"detail": "Invalid credentials"})

    def _start(self, body: dict | None) -> tuple[int, object]:
        assert body is not None
        same = [r for r in self.server.runs.values() if r["logical_date"] == body["logical_date"]]
        if same or body["dag_run_id"] in self.server.runs:
            return 409, {"detail": {"reason": "Unique constraint violation"}}
        now = datetime.now(UTC).isoformat()
        self.server.add(
            body["dag_run_id"], "queued", logical_date=body["logical_date"], run_after=now, conf=body["conf"]
        )
        return 200, self.server.runs[body["dag_run_id"]]

    def _found(self) -> list[dict]:
        query = {key: values[0] for key, values in parse_qs(urlparse(self.path).query).items()}
        assert {"limit", "order_by"} < set(query), "asks for everything"
        return [run for run in self.server.runs.values() if _fits(run, query)]


def _fits(run: dict, query: dict[str, str]) -> bool:
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
