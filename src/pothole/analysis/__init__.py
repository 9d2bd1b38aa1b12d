"""For analysts: a day, a dataset, a stage in a few lines of Python. ``import pothole`` offers these names."""

from pothole.analysis.dataset import Dataset, read
from pothole.analysis.run import run_day, run_stage

__all__ = ["Dataset", "read", "run_day", "run_stage"]
