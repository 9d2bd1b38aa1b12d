"""Road networks: read, check, and cut from other formats into directed stretches of at most 50 m."""

from importlib.resources import as_file, files
from pathlib import Path

ATTRIBUTION = "© OpenStreetMap contributors, Open Database License (ODbL) 1.0"


def bundled() -> Path:
    """A small real network to drive on: streets of central Helsinki, cut for this project from OpenStreetMap."""
    with as_file(files("pothole.roads") / "data" / "helsinki-segments.csv") as path:
        return path
