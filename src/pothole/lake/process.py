"""Who holds a lock, told so that a process of the same machine can see whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any


def this_process() -> dict[str, Any]:
    """Host, process id, and what tells this process from a later one of the same id (where /proc is)."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "system": _system(), "started": _started(os.getpid())}


def is_gone(holder: dict[str, Any]) -> bool:
    """Whether the process certainly lives no more; False where that cannot be seen from here."""
    here = this_process()
    pid = holder.get("pid")
    if not isinstance(pid, int) or pid <= 0 or any(holder.get(k) != here[k] for k in ("host", "system")):
        return False
    if here["system"]:
        return _started(pid) is None or _started(pid) != holder.get("started")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _system() -> str:
    """This boot and this process namespace: within them a process id has one meaning. Empty without /proc."""
    try:
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[-1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])
