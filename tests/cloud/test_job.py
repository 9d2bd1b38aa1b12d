"""A job on the master: it outlives connections, is followed as it prints, ended as a whole, never doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pothole.cloud import job, ssh
from pothole.errors import PipelineFailure, UserError

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """The job is looked at as soon as it says something."""
    monkeypatch.setattr(job, "_POLL_SECONDS", 0.2)


@pytest.fixture
def master(cluster, settings):
    ips = dict(zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True))
    return ssh.hosts(settings, ips)[0]


def follow(master, settings, said, limit=60.0):
    job.follow(master, "stage1", settings, said.append, limit_seconds=limit)


def wait_for(file):
    """A job's command that waits for a file in its home."""
    return f"until [ -e $HOME/{file} ]; do sleep 0.05; done"


def test_lines_are_said_as_they_come_and_the_end_is_known(cluster, master, settings):
    seen = []

    def say(text):
        seen.append(text)
        (cluster.master.home / text.replace("line ", "told")).touch()

    command = f"for i in 1 2 3; do echo line $i; {wait_for('told$i')}; done"  # none comes before the last was told
    job.start(master, "stage1", command, settings, lambda _: None)
    job.follow(master, "stage1", settings, say, limit_seconds=60)
    assert [text for text in seen if text.startswith("line")] == ["line 1", "line 2", "line 3"]
    assert seen[-1] == "stage1 has ended well"


def test_a_failure_tells_its_cause(master, settings, said):
    command = "echo much; echo 'ERROR no raw data'; echo '  bring some'; exit 2"
    job.start(master, "stage1", command, settings, said.append)
    with pytest.raises(UserError, match=r"stage1 failed with exit status 2: ERROR no raw data \| bring some"):
        follow(master, settings, said)


def test_the_last_line_counts_also_where_it_does_not_end(master, settings, said):
    job.start(master, "stage1", "printf 'first\\nthe very cause'; exit 3", settings, said.append)
    with pytest.raises(PipelineFailure, match=r"failed with exit status 3: first \| the very cause"):
        follow(master, settings, said)
    assert said[-2:] == ["first", "the very cause"]


def test_a_character_on_the_border_of_two_looks_stays_whole(cluster, master, settings, said):
    command = rf"printf 'a line\n\355\225'; {wait_for('seen')}; printf '\234 over\n'"
    job.start(master, "stage1", command, settings, said.append)

    def say(text):
        said.append(text)
        if text == "a line":
            (cluster.master.home / "seen").touch()

    job.follow(master, "stage1", settings, say, limit_seconds=60)
    assert "한 over" in said


def test_a_failure_that_nobody_can_mend_beforehand_may_be_tried_again(master, settings, said):
    job.start(master, "stage1", "echo 'ERROR no memory'; exit 1", settings, said.append)
    with pytest.raises(PipelineFailure, match="failed with exit status 1: ERROR no memory"):
        follow(master, settings, said)


def test_a_lost_connection_is_made_anew_and_the_job_runs_once(cluster, master, settings, said):
    command = f"echo began >> ran; echo at work; {wait_for('go')}; echo over"
    job.start(master, "stage1", command, settings, said.append)

    def say(text):
        said.append(text)
        if text == "at work":
            cluster.master.down()
        if "trying again" in text:
            cluster.master.up()
            (cluster.master.home / "go").touch()

    job.follow(master, "stage1", settings, say, limit_seconds=60)
    assert "over" in said
    assert (cluster.master.home / "ran").read_text() == "began\n"
    assert any("trying again" in line for line in said)


def test_a_new_attempt_ends_the_earlier_with_all_its_children(cluster, master, settings, said):
    home = cluster.master.home
    first, second = started(home, master, settings, "sleep 60", "sleep 61")
    job.start(master, "stage1", "echo again", settings, said.append)
    follow(master, settings, said)
    assert "an earlier attempt was still running and was ended" in said
    assert "again" in said and not living(first) and not living(second)


def started(home, master, settings, *commands):
    """The processes of a job's commands, all at work."""
    script = "".join(f"{command} & echo $! >> pids; " for command in commands) + "mv pids all; wait"
    job.start(master, "stage1", script, settings, print)
    while not (home / "all").exists():
        time.sleep(0.05)
    return map(int, (home / "all").read_text().split())


def test_over_its_limit_it_is_ended(cluster, master, settings, said):
    (process,) = started(cluster.master.home, master, settings, "sleep 100")
    with pytest.raises(PipelineFailure, match="took longer than 1 s and was ended"):
        follow(master, settings, said, limit=1)
    assert not living(process)
    job.end(master, "stage1", settings, said.append)


def test_a_job_whose_machine_was_restarted_is_gone(cluster, master, settings, said):
    job.start(master, "stage1", "sleep 100", settings, said.append)
    pid = (cluster.master.home / "spark-job/jobs/stage1/pid").read_text().split()[0]
    ssh.run(master, f"pkill -KILL -s {pid}")
    with pytest.raises(PipelineFailure, match="stage1 is gone"):
        follow(master, settings, said)


def session(command):
    """A session that no job has begun: its first process and one that it has started."""
    first = subprocess.Popen(["bash", "-c", command], start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert first.stdout
    return first, int(first.stdout.readline())


def living(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def left(cluster, pid, boot, since):
    """What an earlier job of the name has left of itself."""
    folder = cluster.master.home / "spark-job/jobs/stage1"
    folder.mkdir(parents=True)
    (folder / "pid").write_text(f"{pid} {boot} {since}\n")


BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_a_pid_that_is_a_strangers_by_now_is_left_alone(cluster, master, settings, said):
    stranger, child = session("sleep 60 & echo $!; wait")
    try:
        left(cluster, stranger.pid, BOOT, 12345)
        job.end(master, "stage1", settings, said.append)
        assert living(stranger.pid) and living(child) and said == []
    finally:
        os.killpg(stranger.pid, signal.SIGKILL)
        stranger.wait()


@pytest.mark.parametrize(("boot", "ended"), [(BOOT, True), ("of-yesterday", False)])
def test_what_a_gone_first_process_has_left_is_ended_if_it_is_of_this_boot(cluster, master, settings, boot, ended):
    first, child = session("sleep 60 & echo $!")
    first.wait()
    try:
        left(cluster, first.pid, boot, 12345)
        job.end(master, "stage1", settings, print)
        assert living(child) is not ended
    finally:
        if living(child):
            os.kill(child, signal.SIGKILL)


def test_each_minute_something_is_done(cluster, master, settings, said, monkeypatch):
    now, home, calls = time.monotonic, cluster.master.home, []
    monkeypatch.setattr(job.time, "monotonic", lambda: now() * 200)
    job.start(master, "stage1", wait_for("go"), settings, said.append)

    def minute():
        calls.append(1)
        if len(calls) == 2:
            (home / "go").touch()

    job.follow(master, "stage1", settings, said.append, limit_seconds=1e6, each_minute=minute)
    assert len(calls) >= 2
