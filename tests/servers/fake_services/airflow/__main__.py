"""Stands in for `python -m airflow` in tests of what starts and ends the services: put its folder on PYTHONPATH.

A service is healthy when its file is in AIRFLOW_HOME/alive. AIRFLOW_HOME/plan/NAME tells one to fail, to stay silent,
or to have a child that does not listen to SIGTERM.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOME = Path(os.environ["AIRFLOW_HOME"])
PARTS = ("scheduler", "dag-processor", "triggerer")


class _Health(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        told: dict[str, dict[str, str | None]] = {"metadatabase": {"status": "healthy"}}
        for name in PARTS:
            key, up = name.replace("-", "_"), (HOME / "alive" / name).exists()
            beat = "2026-02-12T01:02:03.456+00:00" if up else None
            told[key] = {"status": "healthy" if up else "unhealthy", f"latest_{key}_heartbeat": beat}
        self.send_response(200 if self.path == "/api/v2/monitor/health" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


def main(name: str) -> None:
    plan = HOME / "plan" / name
    todo = plan.read_text() if plan.exists() else ""
    if todo == "fail":
        print("cannot reach the database", flush=True)
        sys.exit(1)
    if todo == "stubborn":
        subprocess.Popen(
            [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"]
        )
    if name == "db":
        return
    if name == "api-server":
        ThreadingHTTPServer(("127.0.0.1", int(os.environ["AIRFLOW__API__PORT"])), _Health).serve_forever()
    if todo != "silent":
        (HOME / "alive").mkdir(exist_ok=True)
        (HOME / "alive" / name).touch()
    time.sleep(60)


main(sys.argv[1])
