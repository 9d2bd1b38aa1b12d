"""This package as ``pyspark``: for the stages' modules alone, or for the whole process.

A stage's module says ``from pyspark.sql import functions as F`` and knows no engine. ``stage_module`` loads those
modules once more, under names of their own, with this package wherever they import PySpark: both engines work in one
process, and what others import stays what it is. ``activate`` puts this package in PySpark's place for the whole
process, for scripts and sessions that import PySpark's names by themselves.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from functools import cache
from importlib.abc import InspectLoader
from types import ModuleType
from typing import Any

from pothole.engines.sql import column, frame, functions, window

#: The packages and modules that use PySpark's names.
_OURS = ("pothole.stages", "pothole.geo")
#: Those among them that use none, and are the same for every engine: what a stage is given and gives is known by class.
_SHARED = ("pothole.stages.stage", "pothole.stages.settings")


@cache
def as_pyspark() -> dict[str, ModuleType]:
    """The modules by PySpark's names."""
    pyspark, sql = ModuleType("pyspark"), ModuleType("pyspark.sql")
    names = {
        "functions": functions,
        "window": window,
        "column": column,
        "Column": column.Column,
        "DataFrame": frame.DataFrame,
        "GroupedData": frame.GroupedData,
        "Row": frame.Row,
        "SparkSession": frame.Session,
        "Window": window.Window,
        "WindowSpec": window.WindowSpec,
    }
    vars(sql).update(names, __path__=[])
    vars(pyspark).update(sql=sql, __path__=[])
    return {
        "pyspark": pyspark,
        "pyspark.sql": sql,
        "pyspark.sql.functions": functions,
        "pyspark.sql.window": window,
        "pyspark.sql.column": column,
    }


_displaced: dict[str, ModuleType] = {}


def activate() -> None:
    """From now on ``import pyspark`` gives this package, in the whole process."""
    if not is_active():
        _displaced.update(_take_out())
        sys.modules.update(as_pyspark())


def deactivate() -> None:
    """Undo ``activate``: ``import pyspark`` gives what it gave before."""
    if is_active():
        _take_out()
        sys.modules.update(_displaced)
        _displaced.clear()


def is_active() -> bool:
    """Whether ``import pyspark`` gives this package."""
    return sys.modules.get("pyspark") is as_pyspark()["pyspark"]


def _take_out() -> dict[str, ModuleType]:
    return {n: sys.modules.pop(n) for n in list(sys.modules) if n == "pyspark" or n.startswith("pyspark.")}


def stage_module(name: str) -> ModuleType:
    """A module of ``pothole.stages`` (by its whole name) with this package in PySpark's place."""
    alias = f"{__package__}.{name}"
    if alias not in sys.modules:
        spec = importlib.util.find_spec(name)
        loader = spec.loader if spec else None
        if spec is None or not isinstance(loader, InspectLoader):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = ModuleType(alias)
        module.__file__ = spec.origin
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        if spec.submodule_search_locations is not None:
            module.__path__ = list(spec.submodule_search_locations)
        sys.modules[alias] = module
        try:
            exec(loader.get_code(name) or "", vars(module))  # noqa: S102 -- our own module, as import does
        except BaseException:
            del sys.modules[alias]
            raise
    return sys.modules[alias]


def _import(
    name: str,
    globals: dict[str, Any] | None = None,
    locals: dict[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """What an ``import`` statement in these modules gives."""
    pyspark = as_pyspark()
    if name in pyspark:
        return pyspark[name] if fromlist else pyspark["pyspark"]
    if name.startswith("pyspark."):
        raise ModuleNotFoundError(f"the embedded engine has no {name}; there is {', '.join(pyspark)}", name=name)
    if level or not fromlist or not _is_ours(name):
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    module = stage_module(name)
    for part in fromlist:
        if not hasattr(module, part) and hasattr(module, "__path__"):
            inner = f"{name}.{part}"
            setattr(module, part, stage_module(inner) if _is_ours(inner) else importlib.import_module(inner))
    return module


def _is_ours(name: str) -> bool:
    return name not in _SHARED and any(name == own or name.startswith(f"{own}.") for own in _OURS)
