"""The stages as spark-submit runs them, on an S3 that allows what the template's role of the nodes allows, and is not
well at times: 503 for a while costs time, 403 for good ends in one line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from pothole.cloud import build, objects
from pothole.datasets import TABLES
from pothole.lake.repair import PUBLISHED
from pothole.tables import RAW
from tests.infra.roles import beyond
from tests.same_rows import assert_same
from tests.servers import nodes, s3a
from tests.servers.day import DAY, embedded
from tests.servers.unwell import Unwell, unwell

ROOT = Path(__file__).parents[2]
STAGES = {"stage1": "stage1_anomaly_detection.py", "stage2": "stage2_spatial_clustering.py"}
UNWELL_SECONDS = 6


class Stages:
    """The stages on this machine's Spark by spark-submit, on an S3 that changes when one is at work."""

    def __init__(self, folder: Path, s3: Unwell, environ: dict[str, str]) -> None:
        self.folder, self.s3, self.environ = folder, s3, environ

    def run(self, stage: str, run_id: str, code: int | None = None, seconds: float | None = None) -> tuple[int, str]:
        """Exit status and output; S3 answers ``code`` from mid-stage on, for so long or for good."""
        submit = [f"{nodes.pyspark_home()}/bin/spark-submit", "--master", "local[2]", "--py-files"]
        submit += [f"pothole.zip,connection_{stage}.py", STAGES[stage], "--env", stage]
        process = subprocess.Popen(
            [*submit, "--batch-date", DAY, "--run-id", run_id], cwd=self.folder / stage,
            env=os.environ | self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "stage 1: finding impacts" in line and self.s3.always is None:
                self.s3.always = code
                if seconds is not None:
                    threading.Timer(seconds, setattr, (self.s3, "always", None)).start()
        return process.wait(60), "".join(lines)


@pytest.mark.slow
@pytest.mark.spark
def test_the_nodes_role_suffices_for_a_day_published_anew_on_an_s3_that_is_not_well(
    tmp_path, cluster, settings, small_lake
):
    environment = s3a.or_skip(tmp_path)
    bare = tmp_path / "bare"  # no layers: what is not there is asked for too
    shutil.copytree(small_lake / RAW.name, bare / RAW.name)
    embedded(bare)
    nodes.upload(cluster, bare, RAW.name)
    nodes.upload(cluster, small_lake, *PUBLISHED)
    for name, content in build.build(ROOT, settings).files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with unwell(cluster.endpoint) as s3:
        s3.role = beyond("NodeRole")
        stages = Stages(tmp_path, s3, environment | {"AWS_ENDPOINT_URL": s3.url})
        status, output = stages.run("stage1", "run-1", 503, UNWELL_SECONDS)
        assert (status, s3.forbidden) == (0, []), output[-3000:]
        assert s3.refused, "it was not well while the stage was at work"
        status, output = stages.run("stage2", "run-1")
        assert (status, s3.forbidden) == (0, []), output[-3000:]
        published_is_run_1(settings, bare)
        left = [key for key, _ in objects.listed(objects.client(), settings.bucket, "scratch/")]
        assert not [key for key in left if "run-" in key], "what lies between a stage's steps goes with the stage"

        status, output = stages.run("stage1", "run-2", 403)
        assert status == 1, output[-3000:]
        told = [line for line in output.splitlines() if line.startswith("ERROR")]
        assert len(told) == 1, output[-3000:]
        assert "permission denied" in told[0] and settings.bucket in told[0], told
    published_is_run_1(settings, bare)


def published_is_run_1(settings, lake: Path) -> None:
    for name in PUBLISHED:
        assert objects.check_published(settings.lake_uri, name, DAY).run_id == "run-1"
        assert_same(str(lake), settings.lake_uri, TABLES[name], DAY)
