"""A stand-in for Spark's own programs, so that faults of everything around it can be tried in seconds.

``plan/stageN`` tells what a stage does: ``publish`` (an empty result, the default), ``fail``, ``silent`` (ends well
without publishing), ``slow`` (publishes when there is ``plan/go``), ``hang`` (for ever). ``plan/daemon`` with
``stays`` lets nobody stop the daemons.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_DAEMON = r"""#!/usr/bin/env bash
# start|stop CLASS 1 --host HOST ...
here=$(cd "$(dirname "$0")/.." && pwd)
pid="$SPARK_PID_DIR/$2.pid"
mkdir -p "$SPARK_PID_DIR" "$here/workers"
case $1 in
  start)
    if [ -e "$pid" ]; then echo "running as process.  Stop it first." >&2; exit 1; fi
    case $2 in
      *Master) setsid PYTHON "$here/master.py" "$5" "$here/workers" > /dev/null 2>&1 < /dev/null & echo $! > "$pid" ;;
      *Worker) touch "$here/workers/$5"; echo worker > "$pid" ;;
    esac ;;
  stop)
    if [ "$(cat "$here/plan/daemon" 2>/dev/null)" = stays ]; then echo "it will not stop" >&2; exit 1; fi
    case $2 in
      *Master) [ -e "$pid" ] && kill "$(cat "$pid")" ;;
      *Worker) rm -f "$here/workers/$SPARK_LOCAL_IP" ;;
    esac
    rm -f "$pid" ;;
esac
exit 0
"""

_MASTER = r"""
import http.server, json, os, sys
host, folder = sys.argv[1:]
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        workers = [{"host": name, "state": "ALIVE", "cores": 1} for name in os.listdir(folder)]
        body = json.dumps({"workers": workers}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer((host, 8080), Page).serve_forever()
"""

_SUBMIT = r"""
import sys, time
from pathlib import Path
import pyarrow.parquet as pq
from pothole.lake import open_lake
from pothole.arrow import schema_of
from pothole.registry import named

here = Path(__file__).parent
given = dict(zip(sys.argv[1:], sys.argv[2:]))
stage, date, run_id = given["--env"], given["--batch-date"], given["--run-id"]
plan = here / "plan" / stage
what = plan.read_text().strip() if plan.exists() else "publish"
print(f"{stage} works: {what}", flush=True)
with (here / "ran").open("a") as file:
    file.write(f"{stage} {run_id}\n")
while what == "slow" and not (here / "plan" / "go").exists():
    time.sleep(0.1)
if what == "hang":
    time.sleep(3600)
if what == "fail":
    print("ERROR this was to be expected", flush=True)
    sys.exit(1)
if what != "silent":
    lake = open_lake((here / "lake").read_text())
    with lake.publishing(run_id, date) as publication:
        for table in named(stage).outputs:
            pq.write_table(schema_of(table).empty_table(), publication.local_target(table.name) / "part-0.parquet")
            publication.commit(table.name, inputs=[], code_version="test", config_hash="test")
"""


def make(folder: Path, lake: str) -> Path:
    """A Spark home with these programs; stages publish into ``lake``."""
    home = folder / "fake-spark"
    for name in ("bin", "sbin", "plan", "workers"):
        (home / name).mkdir(parents=True)
    (home / "lake").write_text(lake)
    (home / "master.py").write_text(_MASTER)
    (home / "submit.py").write_text(_SUBMIT)
    _program(home / "sbin" / "spark-daemon.sh", _DAEMON.replace("PYTHON", sys.executable))
    _program(home / "bin" / "spark-submit", f'#!/bin/sh\nexec {sys.executable} {home}/submit.py "$@"\n')
    return home


def processes(home: Path, program: str = "") -> Iterator[tuple[int, str]]:
    """Number and command line of every process that runs one of these programs."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{home}/{program}" in line:
                yield int(file.parent.name), line


def end(home: Path) -> None:
    """End what is left of them."""
    for pid, _ in processes(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
