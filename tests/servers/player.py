"""Runs of the DAG on the servers by ``dag.test()``, without a scheduler: one after the other, each some ten seconds.

As a program it runs in Airflow's environment. For every line of its input, ``{"date": ..., "folder": ...}``, it reads
the DAG's file anew, and leaves in the folder the run's ``log`` and what is ``told`` of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.migrated import migrated

MARK = "[DAG TEST] starting task_id="


@dataclass(frozen=True)
class Played:
    """A run that has ended."""

    state: str
    states: dict[str, str]
    text: str

    def log(self, task_id: str) -> str:
        """What was logged while the task ran, all its tries."""
        parts = [part.partition(" ") for part in self.text.split(MARK)[1:]]
        return "\n".join(text for name, _, text in parts if name == task_id)


@dataclass
class Player:
    """A process that plays runs."""

    process: subprocess.Popen[str]
    folder: Path

    def begin(self, date: str) -> Path:
        """Begin a date's run; the folder to give to ``end``."""
        folder = self.folder / f"run-{len(list(self.folder.glob('run-*')))}"
        folder.mkdir()
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"date": date, "folder": str(folder)}) + "\n")
        self.process.stdin.flush()
        return folder

    def end(self, folder: Path, seconds: float = 200) -> Played:
        """Wait for a run's end."""
        told, deadline = folder / "told", time.monotonic() + seconds
        while not told.exists():
            ended = self.process.poll() is not None or time.monotonic() > deadline
            assert not ended, f"not ended: {(folder / 'log').read_text()[-3000:]}"
            time.sleep(0.1)
        return Played(**json.loads(told.read_text()), text=(folder / "log").read_text())


@contextmanager
def player(folder: Path, environ: Mapping[str, str], dags: Path) -> Iterator[Player]:
    """Started in a home of Airflow of its own."""
    home = migrated(folder / "player")
    own = {
        "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "RETRY_DELAY_SECONDS": "0.01", "PYTHONWARNINGS": "ignore", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.player", str(dags)], env=os.environ | dict(environ) | own, text=True,
            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield Player(process, home)
    finally:
        process.kill()
        process.communicate()


def play(date: str, number: int) -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    for name in [name for name in sys.modules if name.startswith(("pothole_", "limited_dag"))]:
        del sys.modules[name]
    import limited_dag  # the file that the servers' Airflow reads, with the limits of now

    logical = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    run = limited_dag.dag.test(logical_date=logical, run_conf={"date": date})
    return {"state": str(run.state), "states": {t.task_id: str(t.state) for t in run.get_task_instances()}}


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    for number, line in enumerate(sys.stdin):
        case = json.loads(line)
        folder = Path(case["folder"])
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        told = play(case["date"], number)
        (folder / "told.new").write_text(json.dumps(told))
        (folder / "told.new").rename(folder / "told")


if __name__ == "__main__":
    main()
