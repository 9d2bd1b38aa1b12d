"""The DAG of this repository for Airflow, with settings and limits from a file: what happens at a limit, in seconds.

Read when a task begins, so a test writes ``{"settings": {...}, "tasks": {"run_stage1": 5}}`` before it triggers.
"""

import dataclasses
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, os.environ["TEST_DAGS"])
import pothole_pipeline_dag as module
import pothole_run

from pothole.cloud import ec2, job, spark_cluster, ssh

for looks in (ec2, job, spark_cluster, ssh):
    looks._POLL_SECONDS = 0.3  # nodes of these tests are there at once
pothole_run._TURN_SECONDS = 1.0

limits = json.loads(Path(os.environ["TEST_LIMITS"]).read_text())
given = {name: tuple(value) if isinstance(value, list) else value for name, value in limits.get("settings", {}).items()}
module.SETTINGS = dataclasses.replace(module.SETTINGS, **given)
dag = module.dag
for task_id, seconds in limits.get("tasks", {}).items():
    dag.get_task(task_id).execution_timeout = timedelta(seconds=seconds)
