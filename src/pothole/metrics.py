"""A date's run records as OpenMetrics text, for Prometheus.

Labels stay few: date, stage, reason, task. The run id is the label of one info metric alone, whose value is always 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pothole.records import DayRecords, RunFigures, StageFigures


@dataclass
class Family:
    """One metric: its name ends in its unit, if it has one."""

    name: str
    help: str
    unit: str = ""
    type: str = "gauge"
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> None:
        """A sample; none where the value is not known."""
        if value is not None:
            self.samples.append((labels, value))


def text(days: Iterable[DayRecords]) -> str:
    """The metrics of each date's last runs, in the format's text with its end mark."""
    families = _families()
    for day in days:
        for stage in day.last_of_each_stage():
            _add_stage(families, stage)
        if day.runs:
            _add_run(families, day.runs)
    lines = [line for family in families.values() for line in _lines(family)]
    return "\n".join([*lines, "# EOF", ""])


def _families() -> dict[str, Family]:
    made = (
        Family("pothole_stage_rows", "Rows that the stage's last run has read (in) or published (out)."),
        Family("pothole_quarantined_rows", "Rows that the stage's last run has quarantined, by reason."),
        Family("pothole_stage_bytes", "Bytes that the stage's last run has read (in) or published (out).", "bytes"),
        Family("pothole_dataset_rows", "Rows of a dataset as it was published."),
        Family("pothole_stage_seconds", "Duration of the stage's last run.", "seconds"),
        Family("pothole_stage_success", "1 if the stage's last run succeeded, else 0."),
        Family("pothole_stage_began_seconds", "When the stage's last run began, Unix time.", "seconds"),
        Family("pothole_stage_run", "Which run that was.", type="info"),
        Family("pothole_run_seconds", "Duration of the date's last run on the cluster.", "seconds"),
        Family("pothole_run_success", "1 if the date's last run on the cluster succeeded, else 0."),
        Family("pothole_task_seconds", "Duration of a task of the date's last run on the cluster.", "seconds"),
        Family("pothole_instance_seconds", "Machine time of all runs of the date on the cluster.", "seconds"),
        Family("pothole_run_cost", "Cost of all runs of the date on the cluster, in the currency."),
    )
    return {family.name: family for family in made}


def _add_stage(families: Mapping[str, Family], s: StageFigures) -> None:
    own = {"date": s.date, "stage": s.stage}
    for direction, rows, size in (("in", s.rows_in, s.bytes_in), ("out", s.rows_out, s.bytes_out)):
        families["pothole_stage_rows"].add(rows, **own, direction=direction)
        families["pothole_stage_bytes"].add(size, **own, direction=direction)
    for reason, rows in sorted(s.quarantined.items()):
        families["pothole_quarantined_rows"].add(rows, **own, reason=reason)
    for dataset, figures in sorted(s.outputs.items()):
        families["pothole_dataset_rows"].add(figures["rows"], date=s.date, dataset=dataset)
    families["pothole_stage_seconds"].add(s.seconds, **own)
    families["pothole_stage_success"].add(int(s.success), **own)
    families["pothole_stage_began_seconds"].add(s.began, **own)
    families["pothole_stage_run"].add(1, **own, run_id=s.run_id, engine=s.engine, code_version=s.code_version)


def _add_run(families: Mapping[str, Family], runs: Iterable[RunFigures]) -> None:
    """Duration and outcome of the last; money of all, where all of it is known."""
    *_, last = all_ = list(runs)
    families["pothole_run_seconds"].add(last.seconds, date=last.date)
    families["pothole_run_success"].add(int(last.success), date=last.date)
    for task, seconds in last.task_seconds.items():
        families["pothole_task_seconds"].add(seconds, date=last.date, task=task)
    used, cost = [run.instance_seconds for run in all_], [run.cost for run in all_]
    families["pothole_instance_seconds"].add(_total(used), date=last.date)
    families["pothole_run_cost"].add(_total(cost), date=last.date, currency=last.currency)


def _total(values: list[float | None]) -> float | None:
    return None if None in values else round(sum(v for v in values if v is not None), 4)


def _lines(family: Family) -> Iterator[str]:
    if not family.samples:
        return
    yield f"# TYPE {family.name} {family.type}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {family.help}"
    suffix = "_info" if family.type == "info" else ""
    for labels, value in family.samples:
        named = ",".join(f'{name}="{_escaped(label)}"' for name, label in labels.items())
        yield f"{family.name}{suffix}{{{named}}} {value!r}"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
