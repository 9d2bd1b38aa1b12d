"""Runs the DAG with ``dag.test()`` and stand-ins for everything outside Airflow: a program, for a home of its own.

Takes cases as JSON on standard input, ``[{"date": ..., "fail": {"name of a function": "message", ...}}, ...]``, some
with an ``environ`` of their own, and prints for each what was called, how tasks and run ended, and the record.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from pothole import errors
from pothole.cloud import bundle, ec2, job, lease, objects, spark_cluster, ssh

NODE = SimpleNamespace(private_ip="10.0.0.5")


class Outside:
    """EC2, nodes and S3, as a plan has them; remembers calls."""

    def __init__(self) -> None:
        self.plan: Mapping[str, str] = {}
        self.calls, self.records, self.on = list[str](), list[dict[str, Any]](), False

    def part(self, name: str, answer: Callable[..., Any] = lambda *a, **k: None) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            stage = next((g for g in given if isinstance(g, str) and g.startswith("stage")), "")
            which = f"{name} {stage.split('_')[0]}".strip()
            self.calls.append(which)
            if which in self.plan:
                kind, _, text = self.plan[which].partition(": ")
                raise getattr(errors, kind)(text)
            return answer(*given, **named)

        return call

    def install(self) -> None:
        ec2.describe = self.part("describe", self.describe)
        ec2.start, ec2.stop = self.part("start", self.start), self.part("stop", self.stop)
        ssh.hosts, ssh.wait_until_answers = self.hosts, self.part("answers")
        spark_cluster.start_spark, spark_cluster.stop_spark = self.part("start_spark"), self.part("stop_spark")
        job.start, job.follow, job.end = self.part("begin"), self.part("follow"), self.part("end")
        bundle.fetch = self.part("fetch", lambda *a: "v1")
        lease.begin, lease.renew = self.part("first lease"), self.part("renew")
        objects.check_input = self.part("input", lambda *a, **k: (1, 1_000_000))
        objects.check_published = self.part("output", self.published)
        objects.client = lambda *a, **k: SimpleNamespace(put_object=self.keep)

    def hosts(self, settings: Any, ips: Any, *, private_key: str | None = None) -> tuple[Any, list[Any]]:
        self.calls.append(f"as {settings.ssh_user} with {private_key or settings.ssh_key_file}")
        return NODE, [NODE]

    def describe(self, settings: Any) -> dict[str, Any]:
        state = "running" if self.on else "stopped"
        return {i: ec2.Instance(i, state, "10.0.0.5", datetime.now(UTC)) for i in settings.instance_ids}

    def start(self, settings: Any, say: Any) -> dict[str, str]:
        self.on = True
        return dict.fromkeys(settings.instance_ids, "10.0.0.5")

    def stop(self, *_: Any, **__: Any) -> None:
        self.on = False

    def published(self, lake_uri: str, dataset: str, *_: Any, **__: Any) -> Any:
        read = (
            {"path": "roads/raw-sensor-data/dt=2026-02-12/a.parquet"}
            if "stage2" not in dataset
            else {"dataset": "stage1_x"}
        )
        skipped = {"path": "roads/elsewhere/dt=2026-02-12/b.parquet", "skipped": "cut off"}
        return SimpleNamespace(rows=0, files=[], dataset=dataset, inputs=(read, skipped, {"dataset": "road-network"}))

    def keep(self, Bucket: str, Key: str, Body: bytes) -> None:
        if "record" in self.plan:
            raise errors.LakeError(self.plan["record"])
        self.records.append(json.loads(Body) | {"key": Key})


def main() -> None:
    outside = Outside()
    outside.install()
    sys.path.insert(0, sys.argv[1])
    before = dict(os.environ)
    for number, case in enumerate(json.load(sys.stdin)):
        os.environ.clear()
        os.environ.update(before | case.get("environ", {}))
        for name in [name for name in sys.modules if name.startswith("pothole_")]:
            del sys.modules[name]  # the DAG's files read the environment
        import pothole_pipeline_dag as module

        outside.plan, outside.calls, outside.on = case.get("fail", {}), [], False
        outside.records = []
        logical = (
            datetime.fromisoformat(case["logical"]) if "logical" in case else datetime(2026, 1, 1 + number, tzinfo=UTC)
        )
        conf = {"date": case["date"]} if "date" in case else {}
        run = module.dag.test(logical_date=logical, run_conf=conf)
        states = {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
        told = {
            "run": str(run.state), "states": states, "calls": outside.calls, "on": outside.on,
            "record": outside.records[0] if outside.records else None,
        }  # fmt: skip
        print("\nTOLD " + json.dumps(told), flush=True)


main()
