"""Runs on the master: downloads files into a fresh directory, checks their SHA-256, puts them in place as a whole.

Sent over the connection as text, so it knows the standard library of Python 3.9 alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
import urllib.error
import urllib.request
from typing import Any

TRIES = 5
"""For an S3 that answers 5xx, or not at all: with pauses of 1, 2, 4 and 8 s."""


def download(order: dict[str, Any]) -> str:
    """Bring ``order["files"]`` (``stageN/name`` -> address, SHA-256) into ``order["target"]``.

    Nothing is touched unless every file is as expected; a stage that is no longer deployed is removed. SystemExit says
    which file is wrong.
    """
    target = os.path.abspath(os.path.expanduser(order["target"]))
    fresh = target + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    for path, (url, expected) in sorted(order["files"].items()):
        content = read(path, url)
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            sys.exit(f"{path} is not the deployed one: SHA-256 {found}, expected {expected}")
        place = os.path.join(fresh, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    put_in_place(fresh, target)
    return f"{len(order['files'])} files"


def read(path: str, url: str) -> bytes:
    """An address's content; errors name the path, never the address, which is a secret."""
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            why = f"S3 answers {error.code} {error.reason}"
            if error.code < 500:
                break
        except Exception as error:
            why = f"S3 cannot be reached from here ({getattr(error, 'reason', error) or type(error).__name__})"
        if attempt + 1 < TRIES:
            time.sleep(2**attempt)
    sys.exit(f"cannot read {path}: {why}")


def put_in_place(fresh: str, target: str) -> None:
    """Each ``stageN`` as a whole; what else lies in the target stays."""
    os.makedirs(target, exist_ok=True)
    stages = os.listdir(fresh)
    for stage in [s for s in os.listdir(target) if re.fullmatch(r"stage\d+", s) and s not in stages]:
        shutil.rmtree(os.path.join(target, stage))
    for stage in stages:
        shutil.rmtree(os.path.join(target, stage), ignore_errors=True)
        os.rename(os.path.join(fresh, stage), os.path.join(target, stage))
    os.rmdir(fresh)
