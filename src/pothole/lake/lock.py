"""One lock object a date: created only if there is none, renewed while the run lives, taken over when it has expired.

A lock is a lease: who holds it may act until ``expires_at``. Every change is compared and swapped, so that of two runs
that see an expired lock only one takes it over, and a run that was asleep for too long finds out before it publishes.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pothole.errors import LakeError, LockedError
from pothole.lake.process import is_gone, this_process
from pothole.lake.storage import Storage

_TRIES = 5


def lock_path(date: str) -> str:
    """Where a date's lock lies in the lake."""
    return f"locks/dt={date}.json"


class Lock:
    """A date that is held by a run of this process."""

    def __init__(self, storage: Storage, date: str, run_id: str, *, ttl_seconds: float, command: str) -> None:
        self.run_id, self.date = run_id, date
        self._storage, self._path, self._ttl = storage, lock_path(date), ttl_seconds
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        self._holder = {"run_id": run_id, **this_process(), "command": command, "since": since}
        self._stored = b""
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_renewing, name=f"lock {date}", daemon=True)

    def acquire(self) -> None:
        """Take the date. LockedError names the run that holds it."""
        for _ in range(_TRIES):
            held = _read(self._storage, self._path)
            if held is not None and not expired(holder_of(held)):
                raise LockedError(_held_by(self.date, holder_of(held)), hint=_wait_hint(holder_of(held)))
            if self._swap(held):
                self._thread.start()
                return
        raise LockedError(f"the lock of {self.date} changes hands all the time", hint="let one run at a time start")

    def renew(self) -> None:
        """Make the lease last its whole time again. LockedError when the date is no longer this run's."""
        with self._mutex:
            if self._swap(self._stored):
                return
            held = _read(self._storage, self._path)
        by = (
            f"run {holder_of(held).get('run_id')} has taken {self.date} over"
            if held
            else f"its lock on {self.date} is gone"
        )
        raise LockedError(f"run {self.run_id} was not heard of for too long: {by}", hint="run that date again")

    def _swap(self, old: bytes | None) -> bool:
        new = json.dumps(self._holder | {"expires_at": time.time() + self._ttl}).encode()
        # A PUT whose answer was lost is repeated and then refused, although it is our own content that lies there.
        if not self._storage.swap(self._path, old, new) and _read(self._storage, self._path) != new:
            return False
        self._stored = new
        return True

    def _keep_renewing(self) -> None:
        while not self._ended.wait(self._ttl / 4):
            try:
                self.renew()
            except LockedError:
                return  # whoever publishes renews first, and says so then
            except LakeError:
                continue  # the next round may succeed; the lease has room for three

    def release(self) -> None:
        """Give the date back. What cannot be removed now ends by its expiry."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        try:
            self.renew()  # a fresh lease: nobody takes it over before the next line
            self._storage.delete(self._path)
        except (LakeError, LockedError):
            return


@contextmanager
def held(storage: Storage, date: str, run_id: str, *, ttl_seconds: float, command: str) -> Iterator[Lock]:
    """Hold a date's lock. LockedError names the run that holds it."""
    lock = Lock(storage, date, run_id, ttl_seconds=ttl_seconds, command=command)
    lock.acquire()
    try:
        yield lock
    finally:
        lock.release()


def read(storage: Storage, date: str) -> dict[str, Any] | None:
    """Who holds a date; None when nobody does; empty when the lock cannot be understood."""
    content = _read(storage, lock_path(date))
    return None if content is None else holder_of(content)


def holder_of(content: bytes) -> dict[str, Any]:
    """A lock's content; empty when it cannot be understood (such a lock is an expired one)."""
    try:
        holder = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return holder if isinstance(holder, dict) else {}


def expired(holder: dict[str, Any]) -> bool:
    """Whether the holder has stopped renewing, or was a process of this machine that is gone."""
    expiry = holder.get("expires_at")
    return not isinstance(expiry, (int, float)) or not expiry > time.time() or is_gone(holder)


def _read(storage: Storage, path: str) -> bytes | None:
    try:
        return storage.read(path)
    except FileNotFoundError:
        return None


def _held_by(date: str, holder: dict[str, Any]) -> str:
    return (
        f"{date} is held by run {holder.get('run_id')} ({holder.get('command') or 'no command'}; "
        f"host {holder.get('host')}, process {holder.get('pid')}, since {holder.get('since')})"
    )


def _wait_hint(holder: dict[str, Any]) -> str:
    left = max(1, round(holder["expires_at"] - time.time()))
    return f"wait for it to end; if it is dead, its lock ends by itself, at the latest in {left} s"
