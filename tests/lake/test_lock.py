"""Two runs of one date are kept apart, and a dead run does not block the date."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import pytest

from pothole.errors import LakeError, LockedError
from pothole.lake import Lake, open_lake
from pothole.lake.lock import lock_path
from pothole.lake.process import is_gone, this_process
from tests.lake.samples import BOTH, DAY, publish, version_of, write_parts

LONG = 3600.0


def lay(lake: Lake, **changes: Any) -> None:
    """A lock of another run, as it would lie in the lake."""
    holder = {"run_id": "other", **this_process(), "command": "pothole run", "since": "2026-02-13T01:00:00+09:00"}
    content = holder | {"expires_at": time.time() + LONG} | changes
    lake.storage.write(lock_path(DAY), json.dumps(content).encode())


def holder(lake: Lake) -> Any:
    return json.loads(lake.storage.read(lock_path(DAY)))["run_id"]


def test_the_second_run_names_the_first(lake: Lake) -> None:
    with lake.lock(DAY, "first", command="pothole run 2026-02-12"):
        with pytest.raises(LockedError) as caught, Lake(lake.storage).lock(DAY, "second"):
            pass
        for told in (DAY, "run first", "pothole run 2026-02-12", f"process {os.getpid()}", "since 20"):
            assert told in caught.value.message
        assert "wait for it" in str(caught.value.hint) and caught.value.exit_status == 1
        with lake.lock("2026-02-13", "second"):
            pass
    with lake.lock(DAY, "third"):
        assert holder(lake) == "third"


def test_a_lock_goes_when_the_run_fails(lake: Lake) -> None:
    with pytest.raises(ZeroDivisionError), lake.lock(DAY, "first"):
        raise ZeroDivisionError
    with lake.lock(DAY, "second"):
        assert holder(lake) == "second"


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": 1.0},
        {"expires_at": None},
        {"expires_at": float("nan")},
        {"pid": 2**22 + 1},
        {"started": 1},
    ],
    ids=["expired", "no expiry", "no number", "no such process", "another process of that id"],
)
def test_a_lock_of_a_dead_run_is_taken_over(lake: Lake, changes: dict[str, Any]) -> None:
    lay(lake, **changes)
    with lake.lock(DAY, "mine"):
        assert holder(lake) == "mine"


@pytest.mark.parametrize("content", [b"", b"[1]", b"{not json", b"\xff"])
def test_a_lock_that_cannot_be_understood_is_taken_over(lake: Lake, content: bytes) -> None:
    lake.storage.write(lock_path(DAY), content)
    with lake.lock(DAY, "mine"):
        assert holder(lake) == "mine"


@pytest.mark.parametrize(
    "changes", [{}, {"host": "elsewhere", "pid": 2**22 + 1}, {"system": "other", "pid": 2**22 + 1}]
)
def test_a_lock_of_a_run_that_may_live_is_respected(lake: Lake, changes: dict[str, Any]) -> None:
    lay(lake, **changes)
    with pytest.raises(LockedError, match="held by run other"), lake.lock(DAY, "mine"):
        pass
    assert holder(lake) == "other"


def test_of_many_runs_that_see_a_dead_lock_one_takes_it(lake: Lake) -> None:
    def attempt(number: int, refused: threading.Semaphore) -> bool:
        try:
            with Lake(lake.storage).lock(DAY, f"r{number}"):
                for _ in range(7):  # until all the others have tried
                    assert refused.acquire(timeout=30)
        except LockedError:
            refused.release()
            return False
        return True

    for _ in range(3):
        lay(lake, expires_at=1.0)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(8), [threading.Semaphore(0)] * 8)) == 1


@pytest.mark.slow
def test_a_lock_is_renewed_while_the_run_lives(lake: Lake) -> None:
    with lake.lock(DAY, "first", ttl_seconds=0.8):
        for _ in range(4):
            time.sleep(0.5)
            with pytest.raises(LockedError), Lake(lake.storage).lock(DAY, "second"):
                pass


def test_a_run_that_lost_its_date_publishes_nothing(lake: Lake) -> None:
    publish(lake, 1)
    for lose in (lambda: lay(lake, run_id="thief"), lambda: lake.storage.delete(lock_path(DAY))):
        with pytest.raises(LockedError, match="run slow was not heard of for too long"):
            publish_after(lake, lose)
        assert [version_of(lake, dataset) for dataset in BOTH] == [1, 1]
        lake.storage.delete(lock_path(DAY))


def publish_after(lake: Lake, event: Any) -> None:
    with lake.publishing("slow", DAY) as publication:
        write_parts(publication.local_target(BOTH[0]), BOTH[0], 2)
        event()
        publication.commit(BOTH[0], inputs=[], code_version="test", config_hash="0")


def test_a_lost_lock_is_left_to_its_new_holder(lake: Lake) -> None:
    with lake.lock(DAY, "first"):
        lay(lake, run_id="thief")
    assert holder(lake) == "thief"


@pytest.mark.slow
def test_renewing_outlives_a_storage_that_is_away_for_a_moment(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = lake.storage.swap
    failures: list[str] = []

    def flaky(path: str, old: bytes | None, new: bytes) -> bool:
        if old is not None and len(failures) < 2:
            failures.append(path)
            raise LakeError("cannot write: no answer")
        return swap(path, old, new)

    monkeypatch.setattr(lake.storage, "swap", flaky)
    with lake.lock(DAY, "first", ttl_seconds=1.2) as lock:
        time.sleep(1.4)
        assert len(failures) == 2
        lock.renew()


def test_a_put_whose_answer_was_lost_is_ours(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = lake.storage.swap
    monkeypatch.setattr(lake.storage, "swap", lambda *given: swap(*given) and False)
    with lake.lock(DAY, "first") as lock:
        lock.renew()
        assert holder(lake) == "first"
    assert lake.storage.files("locks") in ([], [("locks/.guard", 0)])


def hold(uri: str, ready: Connection) -> None:
    with open_lake(uri).lock(DAY, "victim", ttl_seconds=LONG):
        ready.send("held")
        time.sleep(60)


def test_the_lock_of_a_killed_process_is_free_at_once(lake: Lake) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=hold, args=(lake.uri, there))
    process.start()
    assert here.poll(60) and here.recv() == "held"
    with pytest.raises(LockedError, match=f"held by run victim .* process {process.pid},"), lake.lock(DAY, "mine"):
        pass
    os.kill(int(process.pid or 0), signal.SIGKILL)
    while not is_gone(json.loads(lake.storage.read(lock_path(DAY)))):
        time.sleep(0.01)  # until the system has ended it; a zombie counts as gone
    with lake.lock(DAY, "mine"):
        assert holder(lake) == "mine"
    process.join()


def test_without_proc_the_process_id_alone_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pothole.lake.process._system", lambda: "")
    monkeypatch.setattr("pothole.lake.process._started", lambda pid: None)
    assert not is_gone(this_process())
    assert not is_gone(this_process() | {"pid": 1})
    assert is_gone(this_process() | {"pid": 2**22 + 1})
    assert not is_gone(this_process() | {"pid": "many"}) and not is_gone({})
