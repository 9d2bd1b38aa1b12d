"""A folder and S3 keep the same promises."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pothole.errors import LakeError, NoDataError, UserError
from pothole.lake import Lake, open_lake
from tests import needs
from tests.lake.conftest import KEYS
from tests.lake.samples import BOTH, DAY, publish, version_of, write_parts


def test_a_file_is_read_as_it_was_written(lake: Lake) -> None:
    lake.storage.write("a/b/c.bin", b"first")
    lake.storage.write("a/b/c.bin", b"second")
    assert lake.storage.read("a/b/c.bin") == b"second"
    with lake.storage.open("a/b/c.bin") as file:
        file.seek(3)
        assert file.read(2) == b"on"
    assert lake.storage.files("a") == [("a/b/c.bin", 6)]


def test_what_is_not_there(lake: Lake) -> None:
    for read in (lambda: lake.storage.read("no/file"), lambda: lake.storage.open("no/file").__enter__()):
        with pytest.raises(FileNotFoundError):
            read()
    assert lake.storage.files("nothing") == [] and lake.storage.folders("nothing") == []
    lake.storage.delete("nothing")


def test_folders_are_those_directly_within(lake: Lake) -> None:
    for path in ("a/x/1", "a/y/z/2", "a/file", "ab/w/3"):
        lake.storage.write(path, b"")
    assert lake.storage.folders("a") == ["x", "y"]
    assert [path for path, _ in lake.storage.files("a")] == ["a/file", "a/x/1", "a/y/z/2"]


def test_a_folder_is_deleted_with_all_in_it(lake: Lake) -> None:
    for path in ("a/x/1", "a/x/y/2", "a/xx/3"):
        lake.storage.write(path, b"")
    lake.storage.delete("a/x")
    assert [path for path, _ in lake.storage.files("")] == ["a/xx/3"]


def test_a_local_file_is_uploaded(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"content")
    lake.storage.upload(tmp_path / "here", "there/it/is")
    assert lake.storage.read("there/it/is") == b"content"


def test_a_swap_writes_only_over_what_was_expected(lake: Lake) -> None:
    assert not lake.storage.swap("locks/x", b"old", b"new")
    assert lake.storage.swap("locks/x", None, b"1")
    assert not lake.storage.swap("locks/x", None, b"2")
    assert not lake.storage.swap("locks/x", b"2", b"3")
    assert lake.storage.swap("locks/x", b"1", b"4")
    assert lake.storage.read("locks/x") == b"4"


@pytest.mark.parametrize("old", [None, b"old"])
def test_of_many_swaps_at_once_one_wins(lake: Lake, old: bytes | None) -> None:
    for attempt in range(5):
        path = f"locks/{attempt}"
        if old is not None:
            lake.storage.write(path, old)
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda i: lake.storage.swap(path, old, b"%d" % i), range(8)))  # noqa: B023
        assert sum(won) == 1
        assert lake.storage.read(path) == b"%d" % won.index(True)


@pytest.mark.s3
def test_s3a_means_s3(bucket: str) -> None:
    lake = open_lake(f"s3a://{bucket}/p/")
    assert (lake.uri, lake.spark_uri) == (f"s3://{bucket}/p", f"s3a://{bucket}/p")


@pytest.mark.s3
def test_a_whole_bucket_is_a_lake(bucket: str) -> None:
    publish(open_lake(f"s3://{bucket}"), 3)
    assert version_of(open_lake(f"s3://{bucket}"), BOTH[0]) == 3


def test_a_folder_by_all_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(open_lake(str(tmp_path / "a lake"), create=True), 1)
    monkeypatch.chdir(tmp_path)
    for uri in ("a lake", "./a lake", f"file://{tmp_path}/a lake"):
        lake = open_lake(uri)
        assert lake.uri == str(tmp_path / "a lake") and lake.spark_uri.endswith("/a%20lake")
        assert all(lake.fs.exists(path) for path in lake.files(BOTH[0], DAY))


@pytest.mark.parametrize("uri", ["hdfs://host/lake", "s3://", "gs://bucket"])
def test_a_place_that_cannot_be_a_lake(uri: str) -> None:
    with pytest.raises(UserError, match=r"needs a bucket|cannot lie"):
        open_lake(uri)


def test_a_lake_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoDataError, match=f"no lake at {tmp_path}/typo"):
        open_lake(str(tmp_path / "typo"))


def test_without_s3fs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UserError) as caught:
        open_lake("s3://bucket")
    assert "-e '.[s3]'" in str(caught.value.hint)


# ---- a storage that says no ------------------------------------------------------------------------------------------


@pytest.mark.s3
def test_a_bucket_that_is_not_there(bucket: str) -> None:
    lake = open_lake("s3://no-such-bucket-of-mine")
    for ask in (lambda: lake.dates("quarantine"), lambda: lake.storage.files(""), lambda: lake.storage.write("a", b"")):
        with pytest.raises(LakeError, match="no such bucket"):
            ask()


@pytest.mark.s3
@pytest.mark.slow
def test_a_server_that_does_not_answer(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(LakeError, match=r"cannot list s3://bucket/quarantine: no answer") as caught:
        open_lake("s3://bucket").dates("quarantine")
    assert "AWS_ENDPOINT_URL" in str(caught.value.hint)


@pytest.mark.s3
def test_no_credentials(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.delenv(key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(LakeError, match="no AWS credentials"):
        open_lake(f"s3://{bucket}").dates("quarantine")


@pytest.fixture
def guarded(bucket: str, s3_endpoint: str) -> Iterator[dict[str, str]]:
    """From now on the server asks who calls; gives the key of a user without any rights."""
    boto3, requests = needs.module("boto3"), needs.module("requests")
    publish(open_lake(f"s3://{bucket}"), 1)
    iam = boto3.client("iam")
    iam.create_user(UserName=bucket)
    key = iam.create_access_key(UserName=bucket)["AccessKey"]
    requests.post(f"{s3_endpoint}/moto-api/reset-auth", data="0", timeout=5)
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    requests.post(f"{s3_endpoint}/moto-api/reset-auth", data="inf", timeout=5)


@pytest.mark.s3
@pytest.mark.parametrize(("known", "cause"), [(False, "credentials are refused"), (True, "permission denied")])
def test_s3_that_denies(
    bucket: str, guarded: dict[str, str], known: bool, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in guarded.items() if known else ():
        monkeypatch.setenv(name, value)
    lake = open_lake(f"s3://{bucket}")
    with pytest.raises(LakeError, match=f"cannot read s3://{bucket}/.*: permission denied"):
        lake.read_table(BOTH[0], DAY)
    with pytest.raises(LakeError, match=f"cannot write s3://{bucket}/a/b: .*{cause}"):
        lake.storage.write("a/b", b"")


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EACCES, "permission denied"),
        (errno.ENOSPC, "no space left"),
        (errno.EROFS, "the file system is read-only"),
    ],
)
def test_a_system_that_says_no_to_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, cause: str
) -> None:
    lake = open_lake(str(tmp_path / "lake"), create=True)
    publish(lake, 1)
    rename = os.replace

    def refuse(source: Path, target: Path) -> None:
        if target.name == "_manifest.json":
            raise OSError(number, os.strerror(number), str(target))
        rename(source, target)

    monkeypatch.setattr("pothole.lake.folder.os.replace", refuse)
    with pytest.raises(LakeError, match=f"cannot write {tmp_path}/lake/{BOTH[0]}/dt={DAY}/_manifest.json: {cause}"):
        publish(lake, 2)
    monkeypatch.undo()
    assert [version_of(lake, dataset) for dataset in BOTH] == [1, 1]
    assert lake.repair() == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a first version and not for a second."""
    target = tmp_path / "disk"
    target.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(target)]
    mounted = mount and subprocess.run(command, capture_output=True, check=False).returncode == 0
    needs.allowed(mounted, "mounting a small file system is not permitted here")
    yield target
    subprocess.run(["umount", str(target)], check=True)


def test_a_disk_that_is_really_full(tiny_disk: Path) -> None:
    lake = open_lake(str(tiny_disk))
    publish(lake, 1)
    with pytest.raises(LakeError, match="no space left"):
        lake.storage.write("ballast", bytes(1_000_000))
    (tiny_disk / "ballast").write_bytes(bytes(shutil.disk_usage(tiny_disk).free - 4096))
    with pytest.raises((LakeError, OSError), match=r"[Nn]o space left"):
        publish(lake, 2)
    assert [version_of(lake, dataset) for dataset in BOTH] == [1, 1]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    needs.allowed(shutil.which("setpriv") and os.geteuid() == 0, "needs root and setpriv to become nobody")
    lake = open_lake(str(tmp_path / "lake"), create=True)
    publish(lake, 1)
    for folder in (*tmp_path.parents, tmp_path, *tmp_path.rglob("*")):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(folder.stat().st_mode | 0o055)
    code = (
        "import sys; from pothole.lake import open_lake\nfrom pothole.errors import LakeError\n"
        "lake = open_lake(sys.argv[1])\ntry:\n lake.write_run_record('2026-02-12', 'r', 's', {})\n"
        "except LakeError as error: print(error)"
    )
    ran = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", code, str(tmp_path / "lake")],
        capture_output=True,
        text=True,
        check=False,
    )
    needs.allowed(ran.returncode == 0, f"nobody cannot run Python here: {ran.stderr[-200:]}")
    assert f"cannot write {tmp_path}/lake/runs/dt={DAY}/r/s.json: permission denied" in ran.stdout


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("no folder")
    with pytest.raises(LakeError, match="a file is in the way"):
        open_lake(str(tmp_path / "lake"))


def test_staging_is_written_in_the_lake_itself(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path), create=True)
    with lake.publishing("r1", DAY) as publication:
        write_parts(publication.local_target(BOTH[0]), BOTH[0], 1)
        assert publication.target(BOTH[0]) == f"{tmp_path.as_uri()}/{BOTH[0]}/dt={DAY}/run-r1"
        assert len(list((tmp_path / BOTH[0] / f"dt={DAY}" / "run-r1").iterdir())) == 3
