"""One module a check: ID, TITLE, and ``check(facts)``, which yields results. A new check is a new module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from ..result import Result

_ORDER = (
    "torch",
    "torch-releases",
    "cuda-home",
    "toolkit",
    "nvcc-torch",
    "cudart-link",
    "host-compiler",
    "ninja",
    "arch-list",
    "gpu",
    "memory",
)


@cache
def checks() -> tuple[ModuleType, ...]:
    found = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.ID) if each.ID in _ORDER else len(_ORDER), each.ID)))


def judge(facts: dict[str, Any]) -> Iterator[Result]:
    """Every check on the facts."""
    for module in checks():
        for result in module.check(facts):
            yield replace(result, check=module.ID)


def taken(facts: dict[str, Any]) -> dict[str, Any] | None:
    """The toolkit that torch would take: CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda."""
    for each in facts["toolkits"]:
        if each["origin"] in ("CUDA_HOME", "CUDA_PATH", "PATH") or each["root"] == "/usr/local/cuda":
            return each
    return None


def number(version: str | None) -> tuple[int, ...]:
    parts = []
    for part in (version or "").split("+")[0].split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


def dotted(version) -> str:
    return ".".join(map(str, version))
