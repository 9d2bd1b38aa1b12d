"""The cluster's code on S3: uploaded, verified, rolled back, fetched onto the master.

Below ``s3://BUCKET/CODE_PREFIX/``: ``stageN/`` what people read and the master runs, ``_versions/VERSION/`` the same
kept for rolling back, and ``_manifest.json``, replaced last, with the SHA-256 of every file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pothole.cloud.build import Bundle, build
from pothole.cloud.download import fetch
from pothole.cloud.say import Say
from pothole.cloud.settings import CloudSettings
from pothole.cloud.store import MANIFEST, DamagedError, Store
from pothole.errors import PipelineFailure

__all__ = ["Bundle", "Change", "Store", "build", "changes", "deploy", "earlier", "fetch"]


@dataclass(frozen=True)
class Change:
    """What a deployment does to a file: ``added``, ``changed``, ``removed``, ``same``; ``stray``: nobody deployed it.

    Sizes are in bytes, before and after; None where the file is not there.
    """

    path: str
    what: str
    before: int | None = None
    after: int | None = None


def changes(bundle: Bundle, settings: CloudSettings) -> list[Change]:
    """What a deployment would do to the files that lie on S3 now, also to those that somebody has edited there.

    Files in the stages' folders that no deployment has written are ``stray`` and stay.
    """
    store = Store(settings)
    before = _deployed(store)
    found = _changes(bundle, store, before)
    known = {change.path for change in found}
    stages = {path.split("/")[0] for path in known}
    strays = [Change(path, "stray", size, size) for path, size in store.sizes(stages) if path not in known]
    return sorted(found + strays, key=lambda change: change.path)


def deploy(bundle: Bundle, settings: CloudSettings, say: Say) -> str:
    """Upload what differs, read everything back, then replace the manifest: the version.

    Doing it twice changes nothing; files and manifests that were damaged are mended.
    """
    store = Store(settings)
    before = _deployed(store)
    found, version = _changes(bundle, store, before), bundle.version
    if before and before["version"] == version and all(change.what == "same" for change in found):
        say(f"version {version} is deployed already: {len(bundle.files)} files, verified")
        return version
    for path, content in bundle.files.items():
        store.write(f"_versions/{version}/{path}", content)
    for change in found:
        if change.what in ("added", "changed"):
            store.write(change.path, bundle.files[change.path])
            say(f"{change.what} {store.uri(change.path)}")
    _verify(store, bundle)
    store.write(MANIFEST, _manifest(bundle, before))
    for change in found:
        if change.what == "removed":
            store.delete(change.path)
            say(f"removed {store.uri(change.path)}")
    say(f"version {version} is deployed: {len(bundle.files)} files, verified")
    return version


def earlier(settings: CloudSettings) -> Bundle:
    """The version before the present one, as it was kept. PipelineFailure when there is none or it is damaged."""
    store = Store(settings)
    now = store.manifest()
    if now is None or not now.get("previous"):
        raise PipelineFailure(f"there is no earlier version in {store.uri('')}", hint="deploy from the repository")
    kept = Bundle(store.below(f"_versions/{now['previous']}/"))
    if kept.version != now["previous"]:
        raise PipelineFailure(
            f"version {now['previous']} in {store.uri('_versions/')} is damaged", hint="deploy from the repository"
        )
    return kept


def _deployed(store: Store) -> dict[str, Any] | None:
    """The manifest; a damaged one counts as none, for a deployment mends it."""
    try:
        return store.manifest()
    except DamagedError:
        return None


def _changes(bundle: Bundle, store: Store, before: dict[str, Any] | None) -> list[Change]:
    gone = set((before or {}).get("files", {})) - set(bundle.files)
    found = [_change(path, _read(store, path), content) for path, content in bundle.files.items()]
    for path in gone:
        there = _read(store, path)
        found.append(Change(path, "removed", None if there is None else len(there)))
    return sorted(found, key=lambda change: change.path)


def _change(path: str, there: bytes | None, new: bytes) -> Change:
    if there is None:
        return Change(path, "added", None, len(new))
    return Change(path, "same" if there == new else "changed", len(there), len(new))


def _read(store: Store, path: str) -> bytes | None:
    try:
        return store.read(path)
    except FileNotFoundError:
        return None


def _verify(store: Store, bundle: Bundle) -> None:
    for path, content in bundle.files.items():
        if _read(store, path) != content:
            raise PipelineFailure(f"{store.uri(path)} is not what was uploaded", hint="deploy again")


def _manifest(bundle: Bundle, before: dict[str, Any] | None) -> bytes:
    """A version that is deployed again keeps the one before it."""
    last = before or {}
    previous = last.get("previous") if last.get("version") == bundle.version else last.get("version")
    content = {"version": bundle.version, "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "previous": previous}
    return json.dumps(content | {"files": bundle.sums}, indent=1).encode()
