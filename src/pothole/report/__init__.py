"""The day as a person reads it: one self-contained page, a GeoJSON and a CSV file, and a table on the terminal."""

from __future__ import annotations

from pothole.report.files import write_report
from pothole.report.page import render
from pothole.report.ranking import Ranked, ranked
from pothole.report.terminal import potholes_table

__all__ = ["Ranked", "potholes_table", "ranked", "render", "write_report"]
