"""Symbols of objects and libraries, read with binutils' nm and readelf, which come with the host compiler."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LIBRARY_TEMPLATE = re.compile(r"_Z(?:T[ISV]|GV)?N?K?(?:S|2at|3c10|5torch|8pybind11|9__gnu_cxx|6thrust|3cub|4cuda)")


@dataclass(frozen=True)
class ObjectSymbols:
    """What an object asks for and what it gives. Weak references need no answer and are left out."""

    undefined: tuple[str, ...] = ()
    defined: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"undefined": list(self.undefined), "defined": list(self.defined), "weak": list(self.weak)}

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ObjectSymbols:
        return cls(tuple(value["undefined"]), tuple(value["defined"]), tuple(value["weak"]))


def object_symbols(path: Path) -> ObjectSymbols:
    undefined, defined, weak = [], [], []
    for name, kind in _nm(["-P", "-g", str(path)]):
        if kind == "U":
            undefined.append(name)
        elif kind in "WVuC":
            if not _LIBRARY_TEMPLATE.match(name):
                weak.append(name)
        elif kind not in "wv":
            defined.append(name)
    return ObjectSymbols(tuple(sorted(undefined)), tuple(sorted(defined)), tuple(sorted(weak)))


def exported(library: Path) -> set[str]:
    """What a shared library exports, without symbol versions."""
    return {name.partition("@")[0] for name, kind in _nm(["-P", "-D", "--defined-only", str(library)]) if kind not in "Uw"}


def needed(library: Path) -> list[str]:
    """The NEEDED entries of a shared library."""
    done = subprocess.run(["readelf", "-d", "-W", str(library)], capture_output=True, text=True, errors="replace")
    return re.findall(r"\(NEEDED\).*?\[(.+?)\]", done.stdout)


@functools.cache
def _demangled(names: tuple[str, ...]) -> dict[str, str]:
    try:
        done = subprocess.run(["c++filt"], input="\n".join(names) + "\n", capture_output=True, text=True)
    except OSError:
        return {name: name for name in names}
    lines = done.stdout.splitlines()
    return dict(zip(names, lines, strict=False)) if len(lines) == len(names) else {name: name for name in names}


def demangle(names: Iterable[str]) -> dict[str, str]:
    """Mangled to readable names; without c++filt they stay as they are."""
    return _demangled(tuple(dict.fromkeys(names)))


def _nm(arguments: list[str]) -> list[tuple[str, str]]:
    try:
        done = subprocess.run(["nm", *arguments], capture_output=True, text=True, errors="replace")
    except OSError:
        return []
    out = []
    for line in done.stdout.splitlines():
        parts = line.split()
        if len(parts) >= 2:
            out.append((parts[0], parts[1]))
    return out
