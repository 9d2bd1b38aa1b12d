"""A day or one stage from Python."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pothole import config, engines
from pothole.analysis.dataset import Dataset, opened_lake, short
from pothole.lake import Lake, new_run_id
from pothole.pipeline import day as days
from pothole.pipeline import gate, sources
from pothole.pipeline.record import Day, StageReport
from pothole.pipeline.running import computed
from pothole.registry import named
from pothole.settings import Config


def run_day(
    lake: Lake | str | Path,
    date: str,
    *,
    engine: str = "duckdb",
    settings: Mapping[str, Any] | Path | None = None,
    stages: list[str] | None = None,
) -> days.DayReport:
    """Run a date's stages and publish what they find, as ``pothole run`` does.

    ``settings`` are those that are other than by default, nested as in a configuration file, or such a file;
    ``stages`` names those to run (all). Errors: those of ``pothole.pipeline.run_day``.
    """
    opened, chosen = opened_lake(lake), _config(settings)
    return days.run_day(
        opened,
        config.parse_date(date),
        chosen,
        lambda: engines.from_settings(engine, chosen.settings.engine, opened),
        stages=stages,
    )


def run_stage(
    lake: Lake | str | Path,
    name: str,
    date: str,
    *,
    engine: str = "duckdb",
    settings: Mapping[str, Any] | Path | None = None,
) -> dict[str, Dataset]:
    """What a stage finds in the lake's data of a date, by the datasets' short names; nothing is published.

    Arguments as ``run_day``'s. NoDataError where what the stage reads is not there.
    """
    days.chosen_stages(None, name)
    opened, chosen, stage, date = opened_lake(lake), _config(settings), named(name), config.parse_date(date)
    raw = gate.check_input(opened, date, [stage], skip_bad=False)
    started = engines.from_settings(engine, chosen.settings.engine, opened)
    try:
        with tempfile.TemporaryDirectory(prefix="pothole-") as folder:
            day = Day(opened, chosen, date, new_run_id(), lambda _what, _share: None, started)
            dates = sources.published(opened, stage, date)
            found = computed(day, stage, dates, raw, StageReport(name), lambda table: _folder(folder, table.name))
            return {short(t): Dataset(t, started.to_arrow(frame)) for t, frame in found.items()}
    finally:
        started.close()


def _folder(parent: str, name: str) -> str:
    folder = Path(parent) / name
    folder.mkdir(exist_ok=True)
    return str(folder)


def _config(settings: Mapping[str, Any] | Path | None) -> Config:
    return (
        config.load(settings)
        if settings is None or isinstance(settings, Path)
        else config.resolve(settings, "settings")
    )
