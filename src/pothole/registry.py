"""The stages of a day, in the order in which they run. Pipeline, DAG, configuration and contract read this list.

A stage of your own is a file of ``stages`` with its function, settings, table and ``STAGE``, and a line below.
`pothole stage new` makes both.
"""

from __future__ import annotations

from dataclasses import replace

from pothole.stages.house import STAGE1, STAGE2
from pothole.stages.stage import Stage


def declared(name: str) -> Stage:
    """``STAGE`` of a file of ``stages``, read where there is no PySpark, too."""
    from pothole.engines.sql.modules import stage_module

    module = f"pothole.stages.{name}"
    stage: Stage = stage_module(module).STAGE
    return replace(stage, module=module)


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
