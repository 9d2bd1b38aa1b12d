"""Road networks: read, check, and cut from other formats into directed stretches of at most 50 m."""

from __future__ import annotations

from pathlib import Path

from pothole.errors import UserError

ATTRIBUTION = "© OpenStreetMap contributors, Open Database License (ODbL) 1.0"
_DATA = Path(__file__).parent / "data"


def bundled(name: str = "helsinki") -> Path:
    """A small real network to drive on; ``helsinki`` is cut from OpenStreetMap. Name ``ATTRIBUTION`` with it."""
    path = _DATA / f"{name}-segments.csv"
    if not path.is_file():
        there = ", ".join(sorted(p.name.removesuffix("-segments.csv") for p in _DATA.glob("*-segments.csv")))
        raise UserError(f"there is no bundled road network {name!r}", hint=f"one of: {there}")
    return path
