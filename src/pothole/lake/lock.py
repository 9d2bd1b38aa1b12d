"""One lock object a date: created only if there is none, renewed while the run lives, taken over when it has expired."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pothole.errors import LakeError, LockedError
from pothole.lake.storage import Storage


def lock_path(date: str) -> str:
    """Where a date's lock lies in the lake."""
    return f"locks/dt={date}.json"


class Lock:
    """A held lock; ``check`` tells whether it is still ours."""

    def __init__(self, storage: Storage, path: str, content: dict[str, Any], ttl_seconds: float) -> None:
        self._storage, self._path, self._content, self._ttl = storage, path, content, ttl_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="pothole-lock", daemon=True)

    def check(self) -> None:
        """LockedError when another run has taken the date over."""
        holder = read(self._storage, self._path)
        if holder is not None and holder.get("run_id") != self._content["run_id"]:
            raise LockedError(
                f"run {holder.get('run_id')} has taken this date over from run {self._content['run_id']}",
                hint="nothing was published by this run",
            )

    def _renew(self) -> None:
        while not self._ended.wait(self._ttl / 4):
            try:
                self.check()
                self._content["expires_at"] = time.time() + self._ttl
                self._storage.write(self._path, _encode(self._content))
            except LockedError:
                return
            except (LakeError, OSError):
                continue  # the next round may succeed; the expiry leaves room for three

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def release(self) -> None:
        """Stop renewing and remove the lock if it is ours."""
        self._ended.set()
        self._thread.join(timeout=10)
        holder = read(self._storage, self._path)
        if holder is not None and holder.get("run_id") == self._content["run_id"]:
            self._storage.delete(self._path)


@contextmanager
def held(storage: Storage, date: str, run_id: str, *, ttl_seconds: float, command: str) -> Iterator[Lock]:
    """Hold a date's lock. LockedError names the run that holds it."""
    path = lock_path(date)
    content = {
        "run_id": run_id,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "command": command,
        "since": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "expires_at": time.time() + ttl_seconds,
    }
    if not storage.create(path, _encode(content)):
        holder = read(storage, path)
        if holder is not None and not expired(holder):
            raise LockedError(
                f"{date} is being run by {holder.get('run_id')} (host {holder.get('host')}, process {holder.get('pid')}, "
                f"since {holder.get('since')})",
                hint="wait for it to end; a lock that is no longer renewed expires by itself",
            )
        storage.delete(path)
        if not storage.create(path, _encode(content)):
            raise LockedError(f"another run has just taken {date} over", hint="wait for it to end")
    lock = Lock(storage, path, content, ttl_seconds)
    lock.start()
    try:
        yield lock
    finally:
        lock.release()


def read(storage: Storage, path: str) -> dict[str, Any] | None:
    """A lock's content; None when there is none; empty when it cannot be read (such a lock is an expired one)."""
    try:
        content = json.loads(storage.read(path))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def expired(holder: dict[str, Any]) -> bool:
    """Whether the holder has stopped renewing, or was a process of this machine that is gone."""
    if holder.get("host") == socket.gethostname() and isinstance(holder.get("pid"), int):
        try:
            os.kill(holder["pid"], 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
    expiry = holder.get("expires_at")
    return not isinstance(expiry, (int, float)) or expiry < time.time()


def _encode(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()
