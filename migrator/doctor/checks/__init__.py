"""One module a check: ID, TITLE, and ``check(facts)``, which yields results. A new check is a new module."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from ..result import Result

_ORDER = (
    "place",
    "torch",
    "torch-releases",
    "driver",
    "cuda-home",
    "toolkit",
    "nvcc-torch",
    "cudart-link",
    "host-compiler",
    "cxx-standard",
    "msvc",
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
    """The toolkit that torch takes: CUDA_HOME or CUDA_PATH where one is set (as it was meant), else nvcc on PATH, else /usr/local/cuda."""
    for name in ("CUDA_HOME", "CUDA_PATH"):
        if facts["environ"].get(name):
            return toolkit_in(facts, one_folder(facts["environ"][name], facts["platform"]))
    for each in facts["toolkits"]:
        if each["origin"] == "PATH" or each["root"] == "/usr/local/cuda":
            return each
    return None


def toolkit_in(facts: dict[str, Any], folder: str) -> dict[str, Any] | None:
    return next((each for each in facts["toolkits"] if os.path.realpath(each["root"]) == os.path.realpath(folder)), None)


def one_folder(value: str, platform: str) -> str:
    """What a malformed CUDA_HOME (a list, quoted, ending in /bin) was meant to be."""
    text = value.strip().strip("'\"")
    if platform != "win32":
        text = next((part for part in text.split(":") if part), "")
    text = text.rstrip("/\\")
    return text[: -len("/bin")] if text.endswith(("/bin", "\\bin")) else text


def assign(facts: dict[str, Any], name: str, value: str) -> str:
    """The command that sets an environment variable in this system's shell."""
    if facts["platform"] == "win32":
        return f"set {name}={value}"
    return f"export {name}={value}" if re.fullmatch(r"[\w@%+=:,./-]*", value, re.ASCII) else f'export {name}="{value}"'


def unset(facts: dict[str, Any], name: str) -> str:
    return f"set {name}=" if facts["platform"] == "win32" else f"unset {name}"


def torch_of(facts: dict[str, Any]) -> dict[str, Any] | None:
    """What torch says of itself; None where there is none or it does not import."""
    torch = facts["torch"]
    return torch if torch and "error" not in torch else None


def wanted(facts: dict[str, Any]) -> dict[str, Any] | None:
    """The first whole toolkit here that fits torch's CUDA release; one in cuport's own cache is only for compiling, and comes last."""
    torch = torch_of(facts)
    major = number(torch["cuda"])[:1] if torch and torch["cuda"] else ()
    fit = [each for each in facts["toolkits"] if not each["problems"] and tuple(each["version"])[: len(major)] == major]
    return min(fit, key=lambda each: each["origin"] == "cuport cache", default=None)


def number(version: str | None) -> tuple[int, ...]:
    parts = []
    for part in (version or "").split("+")[0].split("."):
        if not part.isdigit():
            break
        parts.append(int(part))
    return tuple(parts)


def dotted(version) -> str:
    return ".".join(map(str, version))
