"""The whole pipeline on servers of its own: Airflow, EC2 and S3 (moto), SSH nodes, stand-ins for Spark's programs."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pothole.cloud import bundle
from pothole.cloud.settings import CloudSettings, from_environment
from tests.servers import fake_spark, nodes
from tests.servers.airflow import DAGS, Airflow, airflow
from tests.servers.messages import Inbox, inbox
from tests.servers.player import Played, Player, player

ROOT = Path(__file__).parents[2]


@dataclass
class Pipeline:
    """All servers, and what a test needs of them. Airflow's services, and the player, start when first asked for."""

    folder: Path
    environ: dict[str, str]
    cluster: nodes.Cluster
    settings: CloudSettings
    spark: Path
    messages: Inbox
    started: ExitStack

    @cached_property
    def airflow(self) -> Airflow:
        """Airflow's real services."""
        return self.started.enter_context(airflow(self.folder, self.environ, self.folder / "dags"))

    @cached_property
    def player(self) -> Player:
        """The DAG without a scheduler."""
        return self.started.enter_context(player(self.folder, self.environ, self.folder / "dags"))

    def reset(self) -> None:
        """Everything as it is on a good day."""
        shutil.rmtree(self.spark / "plan")
        (self.spark / "plan").mkdir()
        self.limit()

    def plan(self, what: str, how: str) -> None:
        """What a stage (or ``daemon``) does: see ``fake_spark``."""
        (self.spark / "plan" / what).write_text(how)

    def go(self) -> None:
        """What is ``slow`` goes on."""
        self.plan("go", "")

    def limit(self, tasks: dict[str, float] | None = None, **settings: Any) -> None:
        """Seconds that tasks may take, and other settings of the DAG, for tasks that begin from now on."""
        file = self.spark / "limits.json"
        file.with_suffix(".new").write_text(json.dumps({"tasks": tasks or {}, "settings": settings}))
        file.with_suffix(".new").replace(file)

    def bring(self, date: str) -> None:
        """Something that looks like a day's raw data."""
        key = f"raw-sensor-data/dt={date}/part-0.parquet"
        nodes.client("s3", self.cluster.endpoint).put_object(Bucket=self.settings.bucket, Key=key, Body=b"samples")

    def ran(self, date: str) -> list[str]:
        """The stages that were started for a date, in order."""
        file = self.spark / "ran"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [stage for stage, run_id in lines if date.replace("-", "") in run_id]

    def at_work(self) -> list[str]:
        """Processes of stages that have not ended."""
        return [line for _, line in fake_spark.processes(self.spark, "submit.py")]

    def spark_off(self) -> None:
        """What a node's end does to the daemons that would not stop."""
        fake_spark.end(self.spark)
        for node in self.cluster.nodes:
            shutil.rmtree(node.home / "spark-job" / "spark", ignore_errors=True)

    def until(self, run_id: str, task_id: str, state: str = "running", seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while self.airflow.states(run_id).get(task_id) != state:
            assert time.monotonic() < deadline, self.airflow.states(run_id)
            time.sleep(0.5)

    def until_at_work(self, seconds: float = 120) -> None:
        """A stage's program runs: its task is ``running`` some seconds before that."""
        deadline = time.monotonic() + seconds
        while not self.at_work():
            assert time.monotonic() < deadline, "no stage has been started"
            time.sleep(0.5)

    def until_said(self, task_id: str, run_ids: Sequence[str], words: str, seconds: float = 120) -> None:
        """A task has logged the words, in one of the runs."""
        deadline = time.monotonic() + seconds
        while not any(words in self.airflow.log(task_id, run_id) for run_id in run_ids):
            assert time.monotonic() < deadline, f"nobody said: {words}"
            time.sleep(0.2)

    def play(self, date: str) -> Played:
        """Run a date without a scheduler."""
        return self.player.end(self.player.begin(date))

    def run(self, date: str, run_id: str, seconds: float = 300) -> str:
        """Run a date; how the run ends."""
        self.airflow.trigger(date, run_id)
        return self.airflow.wait(run_id, seconds)


@contextmanager
def pipeline(folder: Path, aws: str) -> Iterator[Pipeline]:
    """Started, deployed and idle; the variables that lead to it are set while it is up."""
    with nodes.cluster(folder, aws) as cluster, inbox() as messages:
        spark = fake_spark.make(folder, f"s3://{cluster.environ['S3_BUCKET']}")
        dags = folder / "dags"
        dags.mkdir()
        shutil.copy(ROOT / "tests/airflow/limited_dag.py", dags)
        cluster.environ |= {
            "SPARK_HOME_ON_NODES": str(spark), "RETRY_DELAY_SECONDS": "1", "AWS_DEFAULT_REGION": "us-east-1",
            "TEST_DAGS": str(DAGS), "TEST_LIMITS": str(spark / "limits.json"), "INSTANCE_PRICE_PER_HOUR": "0.2",
        }  # fmt: skip
        before = dict(os.environ)
        os.environ.update(cluster.environ)
        try:
            settings = from_environment(cluster.environ)
            bundle.deploy(bundle.build(ROOT, settings), settings, print)
            environ = cluster.environ | nodes.connection(folder, cluster) | messages.environ
            (spark / "limits.json").write_text("{}")
            with ExitStack() as started:
                yield Pipeline(folder, environ, cluster, settings, spark, messages, started)
        finally:
            fake_spark.end(spark)
            os.environ.clear()
            os.environ.update(before)
