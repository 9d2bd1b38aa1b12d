"""The stages of a day, in the order in which they run. Pipeline, DAG, configuration and contract read this list.

A stage of your own is a file of this package with its function, settings, table and ``STAGE``, and a line below.
`pothole stage new` makes both.
"""

from __future__ import annotations

import sys
from importlib import import_module

from pothole.stages.house import STAGE1, STAGE2
from pothole.stages.stage import Stage


def declared(module: str) -> Stage:
    """``STAGE`` of a module of this package. ImportError for one that imports PySpark when it is read."""
    before = "pyspark" in sys.modules
    try:
        stage: Stage = import_module(f"pothole.stages.{module}").STAGE
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] != "pyspark":
            raise
    else:
        if before or "pyspark" not in sys.modules:
            return stage
    raise ImportError(f"stages/{module}.py imports PySpark when it is read: import it inside its functions")


STAGES: tuple[Stage, ...] = (
    STAGE1,
    STAGE2,
    # Stages of your own, a line each: declared("stage3"),
)

#: The names of those that are not the house's.
OWN: tuple[str, ...] = tuple(stage.name for stage in STAGES if stage not in (STAGE1, STAGE2))


def named(name: str) -> Stage:
    """The stage of that name; KeyError when there is none."""
    return {stage.name: stage for stage in STAGES}[name]
