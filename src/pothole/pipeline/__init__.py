"""The day: read, stage, check, publish, with a run record for every stage.

The only place where stages meet lake, engine and clock. What a stage publishes it publishes whole; the next stage reads
what the one before has published, so that each can be run again by itself.
"""

from pothole.pipeline.day import DayReport, chosen_stages, run_day
from pothole.pipeline.record import Progress, StageReport

__all__ = ["DayReport", "Progress", "StageReport", "chosen_stages", "run_day"]
