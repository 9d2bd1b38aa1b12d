"""Runs on the master: downloads files into a fresh directory, checks their SHA-256, puts them in place as a whole.

Sent over the connection as text, so it knows the standard library alone, and that of Python 3.9: a node that is not yet
set up as it should be is to say so, not to end with a SyntaxError.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

TRIES = 5
"""For an S3 that answers 5xx, or not at all: with pauses of 1, 2, 4 and 8 s."""
TIMEOUT_SECONDS = 10
"""For each address of a host; S3 has up to eight, so a network that swallows everything takes that much longer."""
PATIENCE_SECONDS = 60
"""No other try after so long: the caller must hear why before it gives up by itself."""
UNREACHABLE = "S3 cannot be reached from here"
ANSWERS = "S3 answers"
NOT_DEPLOYED = "is not the deployed one"


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
            sys.exit(f"{path} {NOT_DEPLOYED}: SHA-256 {found}, expected {expected}")
        place = os.path.join(fresh, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    put_in_place(fresh, target)
    return f"{len(order['files'])} files"


def read(path: str, url: str) -> bytes:
    """An address's content; errors name the path and the host, never the whole address, which is a secret."""
    began = time.monotonic()
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 -- of our own order
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            why = f"{ANSWERS} {error.code} {error.reason}"
            if error.code < 500:
                break
        except Exception as error:
            host = urllib.parse.urlsplit(url).netloc
            why = f"{UNREACHABLE}: {host}: {getattr(error, 'reason', error) or type(error).__name__}"
        if attempt + 1 == TRIES or time.monotonic() - began > PATIENCE_SECONDS:
            break
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
