"""What a test needs of the machine: without it the test is skipped, in CI (``POTHOLE_CI=1``) it fails.

All skips go through here. What the setup installs (extras, Java, Chromium, ...) is needed in CI; what a machine may
not allow or hold (rights, systemd, recordings) is asked for with ``allowed`` and skipped there too.
"""

from __future__ import annotations

import importlib
import os
import shutil
from types import ModuleType
from typing import NoReturn

import pytest

CI = "POTHOLE_CI"


def missing(what: str) -> NoReturn:
    """Ends the test, or the file that is being imported."""
    if os.environ.get(CI) == "1":
        pytest.fail(f"{what}; in CI ({CI}=1) a test is not skipped for that", pytrace=False)
    pytest.skip(f"not run: {what}", allow_module_level=True)


def module(name: str) -> ModuleType:
    """The module, of an extra of this package."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing(f"there is no module {error.name}; `make setup-dev` installs all extras")


def program(*names: str) -> str:
    """The path of the first program of these that there is."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or missing(f"there is no {' or '.join(names)} here; `make system` installs it")


def spark() -> None:
    """PySpark, and the Java that it runs on."""
    program("java")
    module("pyspark")


def allowed(good: object, what: str) -> None:
    """Skips the test, in CI too, where this machine does not allow or hold something."""
    if not good:
        pytest.skip(f"not run: {what}")


def programs_of_the_system(*names: str) -> None:
    """Skips the test where the system has none of its own, such as systemd's in a container."""
    for name in names:
        allowed(shutil.which(name), f"there is no {name} here")
