"""One typed configuration: defaults, then a YAML file, then the environment; validated at the door, passed down as
values.

A key that nobody reads is an error that names the nearest known one. The environment variable of
``stage1.detect.start_scales`` is
``POTHOLE__STAGE1__DETECT__START_SCALES``.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import os
import textwrap
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import TypeAdapter, ValidationError

from pothole.errors import ConfigError
from pothole.settings import Config, EngineSettings, Settings, flatten, parse_date
from pothole.stages.settings import Range

__all__ = ["Config", "EngineSettings", "Settings", "load", "parse_date", "resolve", "rows"]

ENV_PREFIX = "POTHOLE__"


def load(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Defaults, then the file, then the environment; ConfigError names the key, what was found and what was
    expected."""
    given: dict[str, Any] = {}
    sources: dict[str, str] = {}
    if file is not None:
        for key, value in flatten(_read_yaml(file)):
            _check_known(key, str(file))
            given[key], sources[key] = value, str(file)
    for name, text in sorted(environ.items()):
        if name.startswith(ENV_PREFIX):
            key = name.removeprefix(ENV_PREFIX).lower().replace("__", ".")
            _check_known(key, f"environment variable {name}")
            given[key], sources[key] = _parse_yaml(text, name), f"environment variable {name}"
    return _validated(given, sources)


def resolve(given: Mapping[str, Any], where: str) -> Config:
    """Defaults, then the given keys (nested, as in a YAML file); ConfigError as ``load``, naming ``where``."""
    flat = dict(flatten(given))
    for key in flat:
        _check_known(key, where)
    return _validated(flat, dict.fromkeys(flat, where))


def rows(config: Config) -> list[tuple[str, Any, str, str]]:
    """Every key with its value, its source and what it means."""
    docs = dict(_documented(Settings))
    return [
        (key, value, config.sources.get(key, "default"), docs.get(key, ""))
        for key, value in flatten(dataclasses.asdict(config.settings))
    ]


def _validated(given: Mapping[str, Any], sources: Mapping[str, str]) -> Config:
    settings = _validate(_nest(given), sources)
    _check_ranges(settings, sources)
    _check_zone(settings.timezone, sources.get("timezone", "default"))
    return Config(settings, sources)


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {file}", hint="check --config") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration file {file}: {error}") from None
    content = _parse_yaml(text, str(file))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{file} holds a {type(content).__name__}, expected keys and values")
    return content


def _parse_yaml(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from None


def _check_known(key: str, where: str) -> None:
    known = [k for k, _ in flatten(dataclasses.asdict(Settings()))]
    if key in known:
        return
    inner = [k for k in known if k.startswith(f"{key}.")]
    if inner:
        raise ConfigError(f"{where}: {key} is a section, expected keys below it", hint=f"such as {inner[0]}")
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4) or difflib.get_close_matches(
        key.rsplit(".", 1)[-1], [k.rsplit(".", 1)[-1] for k in known], n=1
    )
    hint = f"did you mean {near[0]}?" if near else "`pothole config show` lists all keys"
    raise ConfigError(f"{where}: unknown configuration key {key}", hint=hint)


def _validate(nested: dict[str, Any], sources: Mapping[str, str]) -> Settings:
    try:
        return TypeAdapter(Settings).validate_python(nested)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("tuple", "function")))
        name = next((k for k in sources if key == k or key.startswith(f"{k}.")), key)
        raise ConfigError(
            f"{sources.get(name, 'configuration')}: {name} is {first['input']!r}: {first['msg']}",
            hint=f"`pothole config show` tells what {name} means",
        ) from None


def _check_ranges(settings: Settings, sources: Mapping[str, str]) -> None:
    values = dict(flatten(dataclasses.asdict(settings)))
    for key, allowed in ranges(Settings):
        value = values[key]
        if value is not None and not allowed.holds(value):
            raise ConfigError(
                f"{sources.get(key, 'default')}: {key} is {value!r}, expected {allowed}",
                hint=f"`pothole config show` tells what {key} means",
            )


def ranges(cls: type, prefix: str = "") -> Iterator[tuple[str, Range]]:
    """Keys of a settings class that have a range, with it."""
    for name, kind in typing.get_type_hints(cls, include_extras=True).items():
        if dataclasses.is_dataclass(kind):
            yield from ranges(typing.cast(type, kind), f"{prefix}{name}.")
        for note in getattr(kind, "__metadata__", ()):
            if isinstance(note, Range):
                yield f"{prefix}{name}", note


def _check_zone(name: str, source: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from zoneinfo import available_timezones

        near = difflib.get_close_matches(name, available_timezones(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else "an IANA name, such as Asia/Seoul"
        raise ConfigError(f"{source}: unknown time zone {name!r}", hint=hint) from None


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = value
    return tree


def _documented(cls: type, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Keys of a settings class with the docstrings under its fields."""
    docs = _field_docstrings(cls)
    for f in dataclasses.fields(cls):
        kind = typing.get_type_hints(cls)[f.name]
        if dataclasses.is_dataclass(kind):
            yield from _documented(typing.cast(type, kind), f"{prefix}{f.name}.")
        else:
            yield f"{prefix}{f.name}", docs.get(f.name, "")


def _field_docstrings(cls: type) -> dict[str, str]:
    docs: dict[str, str] = {}
    for base in (b for b in cls.__bases__ if dataclasses.is_dataclass(b)):
        docs |= _field_docstrings(base)
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    except OSError:  # made of the stages' declarations: sections, whose keys tell what they mean
        return docs
    assert isinstance(body, ast.ClassDef)  # noqa: S101 -- the source of a class is one
    for statement, following in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(following, ast.Expr):
            target, value = statement.target, following.value
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                docs[target.id] = " ".join(str(value.value).split())
    return docs
