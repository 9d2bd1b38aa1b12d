"""What a run's tasks ask of S3 from Airflow's machine, on an S3 that allows what the template's role of it allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pothole.cloud import bundle, objects, ssh
from pothole.lake.repair import PUBLISHED
from pothole.tables import RAW
from tests.infra.roles import beyond
from tests.servers import nodes
from tests.servers.day import DAY
from tests.servers.unwell import unwell

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_airflows_role_suffices_for_a_run(cluster, settings, small_lake, said, monkeypatch):
    nodes.upload(cluster, small_lake, RAW.name, *PUBLISHED)
    bundle.deploy(bundle.build(ROOT, settings), settings, said.append)
    ips = dict(zip(cluster.instance_ids, [n.ip for n in cluster.nodes], strict=True))
    with unwell(cluster.endpoint) as s3:
        s3.role = beyond("AirflowRole")
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        objects.check_input(settings.lake_uri, DAY)
        for name in PUBLISHED:
            assert objects.check_published(settings.lake_uri, name, DAY).dataset == name
        bundle.fetch(settings, ssh.hosts(settings, ips)[0], "code", said.append)
        record = f"runs/dt={DAY}/r/dag.json"
        objects.client(settings.region).put_object(Bucket=settings.bucket, Key=record, Body=b"{}")
        assert objects.read(objects.client(settings.region), settings.bucket, record) == b"{}"
        assert s3.forbidden == []
