"""What is said where a library of an extra is missing: which, and how to install it the way this package was."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import unquote, urlparse

from pothole.errors import UserError

_NAME = "pothole-pipeline"

#: The extra of ``pyproject.toml`` that brings a module.
EXTRAS = {
    "airflow": "airflow", "boto3": "cloud", "botocore": "cloud", "geopandas": "analysis", "pandas": "analysis",
    "paramiko": "cloud", "py4j": "spark", "pyogrio": "roads", "pyproj": "roads", "pyspark": "spark", "s3fs": "s3",
    "shapely": "roads",
}  # fmt: skip


def missing(module: str, *, what: str = "this", called: str | None = None) -> UserError:
    """The error (exit status 2) where ``what`` needs a module of an extra; ``called`` is the module's common name."""
    hint = install(EXTRAS[module]) if module in EXTRAS else f"pip install -c constraints.txt {module}"
    return UserError(f"{what} needs {called or module}, which is not installed", hint=hint)


def install(extra: str) -> str:
    """The command that adds an extra. It names no index: nobody promises what is found there under this name."""
    url = _installed_from()
    if urlparse(url).path.endswith(".whl"):
        place = unquote(urlparse(url).path) if url.startswith("file:") else url
        return f"pip install '{place}[{extra}]'"
    return f"pip install -c constraints.txt -e '.[{extra}]' (in the repository's folder)"


def _installed_from() -> str:
    """Where pip had the package from, as it noted it; empty where it did not."""
    try:
        noted = json.loads(distribution(_NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return ""
    return str(noted.get("url", "")) if isinstance(noted, dict) else ""
