"""How much memory a test and all that it has started hold at most."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil


@dataclass
class Peak:
    """Bytes that this process and its descendants held at the same time; shared pages count once (PSS)."""

    bytes: int = 0

    def look(self) -> None:
        me, held = psutil.Process(), 0
        for process in (me, *me.children(recursive=True)):
            with suppress(psutil.Error):
                held += process.memory_full_info().pss
        self.bytes = max(self.bytes, held)

    def __str__(self) -> str:
        return f"{self.bytes / 2**30:.1f} GiB"


@contextmanager
def peak_memory(every_seconds: float = 2.0) -> Iterator[Peak]:
    """Watches while the block runs."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(every_seconds):
            peak.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
        peak.look()
