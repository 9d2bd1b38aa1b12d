"""A stage as spark-submit runs it, while S3 is not well: 503 for a while costs time, 403 for good ends in one line."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from pothole.cloud import build, objects
from pothole.tables import IMPACTS, QUARANTINE, TRAVERSALS
from tests.same_rows import assert_same
from tests.servers import nodes, s3a
from tests.servers.day import DAY
from tests.servers.unwell import Unwell, unwell

ROOT = Path(__file__).parents[2]
UNWELL_SECONDS = 6


class Stage:
    """Stage 1 of the small day by spark-submit, on an S3 that changes when the stage is at work."""

    def __init__(self, folder: Path, s3: Unwell, environ: dict[str, str]) -> None:
        self.folder, self.s3, self.environ = folder, s3, environ

    def run(self, run_id: str, code: int, seconds: float | None) -> tuple[int, str]:
        """Exit status and output; S3 answers ``code`` from mid-stage on, for so long or for good."""
        submit = [f"{nodes.pyspark_home()}/bin/spark-submit", "--master", "local[2]", "--py-files"]
        submit += ["pothole.zip,connection_stage1.py", "stage1_anomaly_detection.py", "--env", "stage1"]
        process = subprocess.Popen(
            [*submit, "--batch-date", DAY, "--run-id", run_id], cwd=self.folder / "stage1",
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
def test_an_s3_that_is_not_well_in_mid_stage(tmp_path, cluster, settings, small_lake):
    environment = s3a.or_skip(tmp_path)
    nodes.upload(cluster, small_lake, "raw-sensor-data", "road-network", "speed-bump")
    for name, content in build.build(ROOT, settings).files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with unwell(cluster.endpoint) as s3:
        stage = Stage(tmp_path, s3, environment | {"AWS_ENDPOINT_URL": s3.url})
        status, output = stage.run("run-1", 503, UNWELL_SECONDS)
        assert status == 0, output[-3000:]
        assert s3.refused, "it was not well while the stage was at work"
        objects.check_published(settings.lake_uri, "stage1_traversals", DAY, "run-1")
        for table in (IMPACTS, TRAVERSALS, QUARANTINE):
            assert_same(str(small_lake), settings.lake_uri, table, DAY)

        status, output = stage.run("run-2", 403, None)
        assert status == 1, output[-3000:]
        told = [line for line in output.splitlines() if line.startswith("ERROR")]
        assert len(told) == 1, output[-3000:]
        assert "permission denied" in told[0], told
        assert settings.bucket in told[0], told
    assert objects.check_published(settings.lake_uri, "stage1_traversals", DAY).run_id == "run-1"
    for table in (IMPACTS, TRAVERSALS, QUARANTINE):
        assert_same(str(small_lake), settings.lake_uri, table, DAY)
