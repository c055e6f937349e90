"""Stand-ins for what compiling would give."""

from __future__ import annotations

from pathlib import Path

from migrator.toolchain import HeaderSet, HostCompiler, Toolkit
from migrator.verify.commands import Request, Tools
from migrator.verify.compile import Outcome
from migrator.verify.symbols import ObjectSymbols
from migrator.verify.units import Unit

TOOLS = Tools(
    Toolkit(Path("/cuda"), Path("/cuda/bin/nvcc"), (13, 2), (), (), "test"), HostCompiler(Path("/usr/bin/g++"), "gcc", (12, 2, 0))
)


def headers(release: str = "2.15.0") -> HeaderSet:
    fields = {name: 0 for name in HeaderSet.__dataclass_fields__}
    return HeaderSet(**{**fields, "release": release, "root": Path("/h"), "include_dirs": (Path("/h/include"),), "wheel": "w"})


def outcome(name: str = "a.cu", release: str = "2.15.0", undefined=(), defined=(), ok=True) -> Outcome:
    unit = Unit(Path("/project"), Path(name), "pkg._C", True)
    return Outcome(Request(unit, headers(release)), ok, None, ObjectSymbols(tuple(undefined), tuple(defined)))
