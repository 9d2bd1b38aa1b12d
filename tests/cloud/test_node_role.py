"""The stages by spark-submit on an S3 that allows what the template's role of the nodes allows, and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pothole.cloud import build, objects
from pothole.lake.repair import PUBLISHED
from pothole.tables import RAW
from tests.infra.roles import beyond
from tests.servers import nodes, s3a
from tests.servers.day import DAY
from tests.servers.unwell import unwell

ROOT = Path(__file__).parents[2]
STAGES = {"stage1": "stage1_anomaly_detection.py", "stage2": "stage2_spatial_clustering.py"}


def submit(folder: Path, stage: str, run_id: str, environ: dict[str, str]) -> tuple[int, str]:
    """Exit status and output of a stage on this machine's Spark."""
    command = [f"{nodes.pyspark_home()}/bin/spark-submit", "--master", "local[2]", "--py-files"]
    command += [f"pothole.zip,connection_{stage}.py", STAGES[stage], "--env", stage, "--batch-date", DAY]
    done = subprocess.run(
        [*command, "--run-id", run_id], cwd=folder / stage, env=os.environ | environ,
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr)[-3000:]


@pytest.mark.slow
@pytest.mark.spark
def test_the_nodes_role_suffices_for_a_day_that_is_published_anew(tmp_path, cluster, settings, small_lake):
    environment = s3a.or_skip(tmp_path)
    for name, content in build.build(ROOT, settings).files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    nodes.upload(cluster, small_lake, RAW.name, *PUBLISHED)  # no layers: what is not there is asked for too
    with unwell(cluster.endpoint) as s3:
        s3.role = beyond("NodeRole")
        for stage in STAGES:
            status, output = submit(tmp_path, stage, "run-1", environment | {"AWS_ENDPOINT_URL": s3.url})
            assert (status, s3.forbidden) == (0, []), output
    for name in PUBLISHED:
        assert objects.check_published(settings.lake_uri, name, DAY).run_id == "run-1"
    left = [key for key, _ in objects.listed(objects.client(), settings.bucket, "scratch/")]
    assert not [key for key in left if "run-" in key], "what lies between a stage's steps goes with the stage"
