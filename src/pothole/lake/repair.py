"""What killed runs leave behind, and what the partitions of the lake are like."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pothole.datasets import TABLES
from pothole.errors import BadInputError, LockedError
from pothole.lake import lock as locks
from pothole.lake import raw as raws
from pothole.lake.manifest import Manifest, new_run_id
from pothole.tables import RAW

if TYPE_CHECKING:
    from pothole.lake.lake import Lake

_THREADS = 16
_REPAIR_SECONDS = 120.0
_DEAD_SECONDS = 3600.0
"""Whoever writes raw data or waits for a lock holds no date: a half-written file of theirs is left over after this."""
_HALF = re.compile(r"/\.[^/]+\.[0-9a-f]{8}\.tmp$")

#: Where a stage on the cluster keeps what lies between its steps, by date and run.
SCRATCH = "scratch"
#: Datasets that this project publishes.
PUBLISHED = tuple(t.name for t in TABLES.values() if t.partitioned and t is not RAW)


@dataclass(frozen=True)
class Partition:
    """One dataset of one date: its manifest, what is wrong with it, and files that no manifest lists."""

    dataset: str
    date: str
    manifest: Manifest | None
    problem: str | None
    leftovers: tuple[str, ...]


@dataclass(frozen=True)
class DateState:
    """What lies in the lake for one date; ``holder`` is who holds or held its lock."""

    date: str
    raw_files: int
    raw_bytes: int
    partitions: tuple[Partition, ...]
    holder: dict[str, Any] | None
    lock_expired: bool


def states(lake: Lake, date: str | None = None) -> list[DateState]:
    """What lies in the lake, by date; dates of which there is nothing are left out."""
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        looked = pool.map(lambda day: _state(lake, day), [date] if date else all_dates(lake))
    return [s for s in looked if s.raw_files or s.partitions or s.holder is not None]


def _state(lake: Lake, date: str) -> DateState:
    raw, _ = raws.find(lake.storage, date)
    partitions = (partition(lake, dataset, date) for dataset in PUBLISHED)
    there = tuple(p for p in partitions if p.manifest or p.problem or p.leftovers)
    holder = locks.read(lake.storage, date)
    return DateState(
        *(date, len(raw), sum(size for _, size in raw), there), holder, holder is not None and locks.expired(holder)
    )


def partition(lake: Lake, dataset: str, date: str) -> Partition:
    """Look at a partition. Beside a damaged manifest nothing counts as left over."""
    folder = f"{dataset}/dt={date}"
    try:
        manifest, problem = lake.manifest(dataset, date), None
    except BadInputError as error:
        return Partition(dataset, date, None, error.message, _temporary(lake, folder))
    listed = manifest.folders if manifest else set()
    return Partition(dataset, date, manifest, problem, unlisted(lake, folder, listed))


def unlisted(lake: Lake, folder: str, listed: set[str]) -> tuple[str, ...]:
    """What lies in a partition's folder beside the ``run-`` folders that its manifest lists."""
    runs = tuple(f"{folder}/{n}" for n in lake.storage.folders(folder) if n.startswith("run-") and n not in listed)
    return runs + _temporary(lake, folder)


def all_dates(lake: Lake) -> list[str]:
    """Every date that the lake knows: raw, published, in run records or scratch, or locked."""
    locked = (path.removeprefix("locks/dt=").removesuffix(".json") for path, _ in lake.storage.files("locks"))
    dates = {d for d in locked if _is_plain(d)}.union(*(lake.dates(d) for d in (RAW.name, *PUBLISHED, "runs", SCRATCH)))
    return sorted(dates)


def repair(lake: Lake, date: str | None = None) -> list[str]:
    """Remove what killed runs left; the removed paths. Dates that a living run holds are left alone."""
    removed: list[str] = []
    for day in [date] if date else all_dates(lake):
        removed += _repair_date(lake, day)
    return removed


def _repair_date(lake: Lake, date: str) -> list[str]:
    leftovers = _leftovers(lake, date)
    holder = locks.read(lake.storage, date)
    if not leftovers and holder is None:
        return []
    try:
        with lake.lock(date, new_run_id(), ttl_seconds=_REPAIR_SECONDS, command="pothole lake repair") as lock:
            # Looked at again, now that no run can be writing here.
            found = _leftovers(lake, date)
            for path in found:
                lock.renew()
                lake.storage.delete(path)
    except LockedError:
        return []
    return found + ([locks.lock_path(date)] if holder is not None else [])


def _leftovers(lake: Lake, date: str) -> list[str]:
    found = [path for dataset in PUBLISHED for path in partition(lake, dataset, date).leftovers]
    found += _temporary(lake, f"runs/dt={date}")
    found += [f"{SCRATCH}/dt={date}/{name}" for name in lake.storage.folders(f"{SCRATCH}/dt={date}")]
    half = [path for path, _ in lake.storage.files(f"{RAW.name}/dt={date}")]
    half += [path for path, _ in lake.storage.files("locks") if path.startswith(f"locks/.dt={date}.json.")]
    return found + [p for p in half if _HALF.search(p) and lake.storage.untouched_seconds(p) > _DEAD_SECONDS]


def _temporary(lake: Lake, folder: str) -> tuple[str, ...]:
    """Files that were being written when a process died; those inside ``run-`` folders go with them."""
    inside = f"{folder}/run-"
    return tuple(p for p, _ in lake.storage.files(folder) if p.endswith(".tmp") and not p.startswith(inside))


def _is_plain(name: str) -> bool:
    return "/" not in name and not name.startswith(".")
