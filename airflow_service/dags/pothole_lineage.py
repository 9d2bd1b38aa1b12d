"""What a stage has read and published, as its manifests tell it, for whoever collects lineage in this Airflow.

With the provider `apache-airflow-providers-openlineage` (extra ``lineage``) and a transport configured, the event of
the task that checks a stage's output names the stage's input and output datasets. Without them nothing is collected.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

log = logging.getLogger("pothole")
_PARTITION = re.compile(r"([^/]+)/dt=\d{4}-\d\d-\d\d/")


def report(lake_uri: str, manifests: Iterable[Any]) -> None:
    """Give the datasets of these partitions, and those they were made from, to Airflow's collector of lineage.

    Lineage is no reason for a run to fail: what goes wrong here is logged.
    """
    try:
        from airflow.sdk.lineage import get_hook_lineage_collector

        collector = get_hook_lineage_collector()
        for manifest in manifests:
            for name in dict.fromkeys(_inputs(manifest.inputs)):
                collector.add_input_asset(collector, uri=f"{lake_uri}/{name}")
            collector.add_output_asset(collector, uri=f"{lake_uri}/{manifest.dataset}")
    except Exception as error:
        log.warning("no lineage: %s: %s", type(error).__name__, error)


def _inputs(inputs: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The datasets that a manifest's inputs belong to: named, or those of its files."""
    for entry in inputs:
        place = _PARTITION.search(str(entry.get("path", "")))
        if "dataset" in entry:
            yield str(entry["dataset"])
        elif place and "skipped" not in entry:
            yield place[1]
