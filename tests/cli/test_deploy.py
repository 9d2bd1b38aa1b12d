"""``pothole deploy``, and the shell script that calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("stage1", "stage2"):
        shutil.copytree(ROOT / name, tmp_path / "code" / name)
    return tmp_path / "code"


def keys(s3, operator) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=operator["S3_BUCKET"]).get("Contents", [])]


def test_a_dry_run_shows_and_changes_nothing(run, root, s3, operator):
    done = run("deploy", "--dry-run", "--root", str(root))
    assert (done.status, "stage1/config_stage1.json" in done.text) == (0, True)
    assert "added" in done.text and "nothing was changed" in done.text
    assert keys(s3, operator) == []


def test_a_dry_run_tells_sizes_and_what_somebody_else_put_there(run, root, s3, operator):
    run("deploy", "--root", str(root))
    (root / "stage1" / "connection_stage1.py").write_text("# another\n")
    (root / "stage2" / "helper.py").write_text("# new")
    bucket, old = operator["S3_BUCKET"], "spark-job-code/stage1/connection.py"
    s3.put_object(Bucket=bucket, Key=old, Body=b"old name")
    told = json.loads(run("deploy", "--dry-run", "--json", "--root", str(root)).out)
    changes = {c["path"]: (c["change"], c["bytes_before"], c["bytes_after"]) for c in told["changes"]}
    before = len((ROOT / "stage1" / "connection_stage1.py").read_bytes())
    assert changes["stage1/connection_stage1.py"] == ("changed", before, 10)
    assert changes["stage2/helper.py"] == ("added", None, 5)
    assert changes["stage1/connection.py"] == ("stray", 8, 8)
    assert changes["stage1/pothole.zip"][0] == "same"
    shown = run("deploy", "--dry-run", "--root", str(root)).text
    assert "3 changed" in shown, "the file, and what tells each stage its version"
    assert "1 added" in shown and "1 stray" in shown and "they stay" in shown
    run("deploy", "--root", str(root))
    assert old in keys(s3, operator), "a stray file is nobody's to remove"
    (root / "stage2" / "helper.py").unlink()
    told = json.loads(run("deploy", "--dry-run", "--json", "--root", str(root)).out)
    assert {"path": "stage2/helper.py", "change": "removed", "bytes_before": 5, "bytes_after": None} in told["changes"]
    assert run("deploy", "--json", "--root", str(root)).status == 2


def test_deploy_again_and_back(run, root, s3, operator):
    done = run("deploy", "--root", str(root))
    first = done.text.rsplit("version ", 1)[1].split()[0]
    assert f"version {first} is deployed: 12 files, verified" in done.text
    assert "spark-job-code/stage1/connection_stage1.py" in keys(s3, operator)
    assert f"version {first} is deployed already" in run("deploy", "--root", str(root)).text
    (root / "stage1" / "connection_stage1.py").write_text("# another\n")
    assert f"version {first}" not in run("deploy", "--root", str(root)).text
    shown = run("deploy", "--rollback", "--dry-run").text
    assert f"version {first} for" in shown and "changed" in shown and "nothing was changed" in shown
    assert f"version {first} is deployed: 12 files" in run("deploy", "--rollback").text


def test_nothing_to_roll_back_to(run, s3):
    done = run("deploy", "--rollback")
    assert (done.status, "there is no earlier version" in done.text) == (1, True)


def test_a_wrong_configuration_is_one_message(run, root, s3, operator):
    (root / "stage1" / "config_stage1.yaml").write_text("stage1: {settings: {timezon: x}}")
    done = run("deploy", "--root", str(root))
    assert done.status == 2
    assert "unknown configuration key timezon" in done.text and "did you mean timezone?" in done.text
    assert keys(s3, operator) == []


def test_mistakes_are_told_with_their_fix(run, root, s3, operator, monkeypatch, tmp_path):
    assert "there is no stageN/" in run("deploy", "--root", str(tmp_path / "nowhere")).text
    monkeypatch.setenv("S3_BUCKET", "no-such-bucket-here")
    done = run("deploy", "--root", str(root))
    assert (done.status, "there is no such bucket" in done.text, "S3_BUCKET" in done.text) == (1, True, True)
    monkeypatch.delenv("MASTER_PRIVATE_IP")
    monkeypatch.setenv("WORKER1_INSTANCE_ID", "worker-1")
    done = run("deploy", "--root", str(root))
    assert (done.status, "MASTER_PRIVATE_IP is not set" in done.text, "WORKER1_INSTANCE_ID is" in done.text) == (
        2, True, True
    )  # fmt: skip


def script(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "infra" / "s3_deploy" / "upload_code_to_s3.sh", "--dry-run"],
        env=os.environ | environment, capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip


def test_the_script_deploys_the_repository_from_anywhere(s3):
    done = script(POTHOLE=str(Path(sys.executable).parent / "pothole"))
    assert done.returncode == 0, done.stderr
    assert "stage2/stage2_spatial_clustering.py" in done.stdout and "nothing was changed" in done.stdout


def test_the_script_without_the_package(operator):
    done = script(POTHOLE="/nowhere/pothole")
    assert (done.returncode, done.stderr.startswith("error: there is no /nowhere/pothole: pip install")) == (2, True)
