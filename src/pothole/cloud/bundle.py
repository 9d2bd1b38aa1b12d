"""The cluster's code on S3: built from the repository, uploaded, verified, rolled back, fetched onto the master.

Below ``s3://BUCKET/CODE_PREFIX/``: ``stageN/`` what people read and the master runs, ``_versions/VERSION/`` the same
kept for rolling back, and ``_manifest.json``, replaced last, with the SHA-256 of every file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pothole.cloud import objects
from pothole.cloud.settings import CloudSettings
from pothole.cloud.ssh import Host, Say
from pothole.errors import ConfigError, PipelineFailure, UserError

MANIFEST = "_manifest.json"
#: Parts of the package that a cluster does not need.
_LEFT_OUT = ("cli", "cloud", "report", "simulate", "ingest", "roads", "__pycache__")


@dataclass(frozen=True)
class Bundle:
    """Files by path (``stageN/name``) and their version: 16 hex digits of a SHA-256 over all of them."""

    files: Mapping[str, bytes]

    @property
    def sums(self) -> dict[str, str]:
        """SHA-256 by path."""
        return {path: hashlib.sha256(content).hexdigest() for path, content in sorted(self.files.items())}

    @property
    def version(self) -> str:
        """The same files, the same version."""
        return hashlib.sha256(json.dumps(self.sums).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Change:
    """What a deployment does to a file: ``added``, ``changed``, ``removed`` or ``same``."""

    path: str
    what: str


def build(root: Path, settings: CloudSettings) -> Bundle:
    """Every ``stageN/`` of a folder with its programs, configuration and the package. ConfigError, UserError."""
    stages = sorted(p for p in root.glob("stage[0-9]*") if p.is_dir())
    if not stages:
        raise UserError(f"there is no stageN/ in {root}", hint="run it in the repository, or give --root")
    package, files = package_zip(), dict[str, bytes]()
    for stage in stages:
        name = stage.name
        programs = sorted(stage.glob("*.py"))
        for expected in (f"{name}_*.py", f"connection_{name}.py", f"config_{name}.yaml"):
            if not list(stage.glob(expected)):
                raise UserError(
                    f"{expected} not found in {stage}", hint="a stage is its program, connection and config"
                )
        config = stage / f"config_{name}.yaml"
        files |= {f"{name}/{p.name}": p.read_bytes() for p in programs}
        files[f"{name}/{config.name}"] = config.read_bytes()
        files[f"{name}/config_{name}.json"] = resolved(config, settings)
        files[f"{name}/pothole.zip"] = package
    return Bundle(files)


def package_zip() -> bytes:
    """The package as spark-submit takes it; the same code, the same bytes."""
    import pothole

    root = Path(pothole.__file__).parent
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*.py")):
            inner = path.relative_to(root)
            if not any(part in _LEFT_OUT for part in inner.parts):
                entry = zipfile.ZipInfo(f"pothole/{inner.as_posix()}", (2020, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return out.getvalue()


def resolved(file: Path, settings: CloudSettings) -> bytes:
    """A stage's configuration validated and complete, as JSON that the standard library reads."""
    import yaml

    from pothole import config

    try:
        sections = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(sections, dict) or not all(isinstance(s, dict) for s in sections.values()):
        raise ConfigError(f"{file} holds no sections", hint="such as `stage1:` with lake, spark and settings below it")
    done = {}
    for name, section in sections.items():
        odd = set(section) - {"lake", "spark", "settings"}
        if odd:
            raise ConfigError(f"{file}: unknown key {name}.{sorted(odd)[0]}", hint="expected lake, spark, settings")
        where = f"{file}, section {name}"
        complete = config.resolve(section.get("settings") or {}, where)
        done[name] = {
            "lake": _lake(section.get("lake") or settings.lake_uri, where),
            "spark": {str(k): str(v) for k, v in (section.get("spark") or {}).items()},
            "settings": dataclasses.asdict(complete.settings),
            "config_hash": complete.hash,
        }
    return (json.dumps(done, indent=1, sort_keys=True) + "\n").encode()


def _lake(uri: str, where: str) -> str:
    """``s3a://``, as Spark takes it; ``s3://`` means the same."""
    if uri.startswith(("file://", "s3a://")):
        return uri.rstrip("/")
    if uri.startswith("s3://"):
        return "s3a://" + uri.removeprefix("s3://").rstrip("/")
    raise ConfigError(f"{where}: lake is {uri!r}", hint="expected s3://bucket[/prefix] (s3a:// means the same)")


class Store:
    """The code's place on S3."""

    def __init__(self, settings: CloudSettings) -> None:
        self.bucket, self.prefix, self.s3 = settings.bucket, settings.code_prefix, objects.client(settings.region)

    def uri(self, path: str) -> str:
        """A path's address, for messages."""
        return f"s3://{self.bucket}/{self.prefix}/{path}"

    def read(self, path: str) -> bytes:
        """A file; FileNotFoundError when there is none."""
        return objects.read(self.s3, self.bucket, f"{self.prefix}/{path}")

    def write(self, path: str, content: bytes) -> None:
        """Replace a file in one PUT."""
        with objects.explained("write", self.uri(path)):
            self.s3.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{path}", Body=content)

    def delete(self, path: str) -> None:
        """Remove a file."""
        with objects.explained("delete", self.uri(path)):
            self.s3.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{path}")

    def manifest(self) -> dict[str, Any] | None:
        """What was deployed last; None when nothing was."""
        try:
            found = json.loads(self.read(MANIFEST))
        except FileNotFoundError:
            return None
        except ValueError:
            raise PipelineFailure(f"{self.uri(MANIFEST)} is damaged", hint="deploy again: `pothole deploy`") from None
        return dict(found)

    def link(self, path: str) -> str:
        """An address that gives the file to whoever asks within an hour."""
        return str(
            self.s3.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": f"{self.prefix}/{path}"}, ExpiresIn=3600
            )
        )


def changes(bundle: Bundle, settings: CloudSettings) -> list[Change]:
    """What a deployment would do, against what was deployed last."""
    manifest = Store(settings).manifest()
    there, new = (manifest or {}).get("files", {}), bundle.sums
    what = {path: "added" if path not in there else "same" if there[path] == new[path] else "changed" for path in new}
    return [Change(p, what.get(p, "removed")) for p in sorted(set(new) | set(there))]


def deploy(bundle: Bundle, settings: CloudSettings, say: Say) -> str:
    """Upload, read back, then replace the manifest: the version. Doing it twice changes nothing."""
    store = Store(settings)
    before = store.manifest()
    for path, content in bundle.files.items():
        store.write(f"_versions/{bundle.version}/{path}", content)
    _place(store, bundle.files, before, bundle.version, say)
    return bundle.version


def rollback(settings: CloudSettings, say: Say) -> str:
    """The version before the present one again; PipelineFailure when there is none."""
    store = Store(settings)
    now = store.manifest()
    if now is None or not now.get("previous"):
        raise PipelineFailure(f"there is no earlier version in {store.uri('')}", hint="nothing was deployed before")
    root = f"{store.prefix}/_versions/{now['previous']}/"
    keys = [key for key, _ in objects.listed(store.s3, store.bucket, root)]
    files = {key.removeprefix(root): objects.read(store.s3, store.bucket, key) for key in keys}
    if Bundle(files).version != now["previous"]:
        raise PipelineFailure(
            f"version {now['previous']} in {store.uri('')} is damaged", hint="deploy from the repository"
        )
    _place(store, files, now, now["previous"], say)
    return str(now["previous"])


def _place(store: Store, files: Mapping[str, bytes], before: dict[str, Any] | None, version: str, say: Say) -> None:
    """Put the files where the master takes them, read them back, and let the manifest name them."""
    sums, there = Bundle(files).sums, (before or {}).get("files", {})
    for path, content in files.items():
        store.write(path, content)
        say(f"{'uploaded' if there.get(path) != sums[path] else 'same'} {store.uri(path)}")
    wrong = [path for path, digest in sums.items() if hashlib.sha256(store.read(path)).hexdigest() != digest]
    if wrong:
        raise PipelineFailure(f"{store.uri(wrong[0])} is not what was uploaded", hint="deploy again")
    same = before is not None and before.get("version") == version
    previous = (before or {}).get("previous") if same else (before or {}).get("version")
    manifest = {"version": version, "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "previous": previous}
    store.write(MANIFEST, json.dumps(manifest | {"files": sums}, indent=1).encode())
    for path in set(there) - set(sums):
        store.delete(path)
        say(f"removed {store.uri(path)}")
    say(f"version {version} is deployed: {len(sums)} files, verified")


#: Runs on the master with the standard library; gets the files' addresses over its standard input.
_FETCH = r"""
import hashlib, json, os, shutil, sys, urllib.request
order = json.load(sys.stdin)
target, fresh = os.path.expanduser(order["target"]), os.path.expanduser(order["target"]) + ".new"
shutil.rmtree(fresh, ignore_errors=True)
for path, (url, expected) in sorted(order["files"].items()):
    try:
        content = urllib.request.urlopen(url, timeout=60).read()
    except Exception as error:
        sys.exit("cannot read %s: %s" % (path, str(error) or type(error).__name__))
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        sys.exit("%s is not the deployed one: SHA-256 %s, expected %s" % (path, found, expected))
    place = os.path.join(fresh, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(content)
for stage in os.listdir(fresh):
    shutil.rmtree(os.path.join(target, stage), ignore_errors=True)
    os.makedirs(target, exist_ok=True)
    os.rename(os.path.join(fresh, stage), os.path.join(target, stage))
os.rmdir(fresh)
print("%d files" % len(order["files"]))
"""


def fetch(settings: CloudSettings, master: Host, target: str, say: Say) -> str:
    """Let the master download exactly the deployed version into ``target``; the version.

    Addresses go over the connection, never on a command line. PipelineFailure names a file that is not as deployed.
    """
    from pothole.cloud import ssh

    store = Store(settings)
    manifest = store.manifest()
    if manifest is None:
        raise PipelineFailure(f"no code is deployed in {store.uri('')}", hint="`pothole deploy` uploads it")
    order = {"target": target, "files": {p: (store.link(p), digest) for p, digest in manifest["files"].items()}}
    program = f"import sys, io\nprogram, sys.stdin = {_FETCH!r}, io.StringIO({json.dumps(order)!r})\nexec(program)\n"
    try:
        said = ssh.run(master, "python3 -", stdin=program, timeout_seconds=300, what="downloading the code")
    except ssh.UnreachableError:
        raise
    except PipelineFailure as error:
        raise PipelineFailure(str(error.message), hint="deploy it again: `pothole deploy`") from None
    say(f"code of version {manifest['version']} on {master.private_ip}: {said.strip()} in {target}")
    return str(manifest["version"])
