"""What the template's roles may do with the bucket: their statements, evaluated as IAM does it."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from tests.infra.stacks import TEMPLATE

BUCKET = "arn:aws:s3:::bucket"


class Loader(yaml.SafeLoader):
    """Reads !Ref, !Sub and their kind as what they are given."""


def _plain(loader: yaml.Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    read = loader.construct_sequence if isinstance(node, yaml.SequenceNode) else loader.construct_mapping
    return read(node, deep=True)


Loader.add_multi_constructor("!", _plain)


def may(who: str, action: str, key: str | None = None) -> bool:
    """May ``NodeRole``, ``AirflowRole`` or ``OperatorPolicy`` do that to a key, or to the bucket itself?"""
    resource = BUCKET if key is None else f"{BUCKET}/{key}"
    return any(
        fnmatch.fnmatchcase(resource, wanted) and fnmatch.fnmatchcase(action, what)
        for statement in _statements(who)
        for wanted in _listed(statement["Resource"])
        for what in _listed(statement["Action"])
    )


@functools.cache
def _statements(who: str) -> list[dict[str, Any]]:
    """Those that allow something on S3, with the parameters' defaults."""
    template = yaml.load(TEMPLATE.read_text(), Loader)
    values = {name: str(about.get("Default", "")) for name, about in template["Parameters"].items()}
    properties = template["Resources"][who]["Properties"]
    documents = [p["PolicyDocument"] for p in properties.get("Policies", [properties])]
    found = list[dict[str, Any]]()
    for statement in (s for d in documents for s in d["Statement"] if isinstance(s, dict)):
        assert statement["Effect"] == "Allow"
        resources = [re.sub(r"^(\$\{)?Bucket\.Arn\}?", BUCKET, r) for r in _listed(statement["Resource"])]
        filled = [re.sub(r"\$\{(\w+)\}", lambda m: values[m[1]], r) for r in resources if r.startswith(BUCKET)]
        found.append(statement | {"Resource": filled})
    return found


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def beyond(who: str) -> Callable[[str, str, str, bytes], list[str]]:
    """Of a request of S3: what it needs and that role may not do (for ``unwell``)."""
    return lambda *request: [f"{action} {key}" for action, key in asks(*request) if not may(who, action, key)]


def asks(method: str, path: str, copied: str, body: bytes) -> list[tuple[str, str | None]]:
    """The permissions that a request of S3 (path style) needs: action and key, or no key for the bucket."""
    place = urlsplit(path)
    query, key = dict(parse_qsl(place.query, keep_blank_values=True)), unquote(place.path).split("/", 2)[2:]
    if place.path == "/":
        return []  # EC2 and STS
    if not key or not key[0]:
        if method == "POST" and "delete" in query:
            return [("s3:DeleteObject", k) for k in re.findall(r"<Key>(.*?)</Key>", body.decode())]
        return [("s3:GetBucketLocation" if "location" in query else "s3:ListBucket", None)]
    if method in ("GET", "HEAD"):
        return [("s3:GetObject", key[0])]
    if method == "DELETE":
        return [("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", key[0])]
    source = [("s3:GetObject", unquote(copied).strip("/").split("/", 1)[1])] if copied else []
    return [("s3:PutObject", key[0]), *source]
