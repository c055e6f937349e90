"""The after files compile on the newest torch, the before files of removed APIs do not: real nvcc, real g++, real headers.

Fixtures are compiled together, each in a namespace of its own below the ``#include`` lines of all; ``#line`` tells whose an error is.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from support import Fixture, fixtures

from migrator.rewrite import Settings
from migrator.syntax import preproc
from rewrites import catalogue

pytestmark = pytest.mark.toolchain

RELEASE = "2.15.0"
# Fixtures that cannot be compiled by themselves, and why.
NOT_ALONE = {
    "ffi/ffi-leftover/generic": "a generic file: another one includes it, with its macros defined",
    "ffi/ffi-generic-file/reduce": "a generic file: another one includes it, with its macros defined",
    "aten/forward-declaration/accessors": "it opens namespace at, which is another one inside the namespace of a fixture",
    "aten/generator-pointer/inside_at": "it opens namespace at, which is another one inside the namespace of a fixture",
    "cuda/cccl-removed/wrapped": "it includes CUB under macros of its own, and the unit has included it already",
    "thc/thc-cuda-check/around_errors": "nothing that a compiler would see differently, but its macros are for the parser",
}
# Rewrites whose old form may compile by itself, and why.
STILL_COMPILES = {
    "thc-state": "a self-declared `extern THCState *state;` compiles in every release and fails at import",
    "own-atomic-add-double": "a redefinition at file scope only, and not in the device pass; here it stands in a namespace",
    "element-type": "compiles, and does not link",
    "comparison-as-byte": "compiles, and throws when it runs",
    "byte-mask": "compiles, and throws when it runs",
    "cuda-symbol-name": "a string is a pointer like any other, and the call fails when it runs",
    "cuda-internal-headers": "these headers warn",
    "check-shim": "a shim for AT_CHECK is harmless in itself; it goes with the AT_CHECKs that need it",
}
# Fixtures whose old form lacks an include only, which another fixture of the unit brings.
LACKS_INCLUDE = {"thc/thc-headers/atomics_brought_aten", "cuda/thrust-headers/algorithms"}
# Rewrites whose old form already stops the preprocessor, which hides all other errors of the unit.
STOPS_PREPROCESSOR = {"cudacc-ver"}
C_HEADERS = {"assert.h", "float.h", "limits.h", "math.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "time.h"}
_INCLUDE_LINE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"][^\n]*', re.M)


class Toolchain:
    def __init__(self) -> None:
        toolchain = pytest.importorskip("migrator.toolchain")
        try:
            self.toolkit = toolchain.usable_toolkit()
            headers = toolchain.header_set(RELEASE)
            self.compiler = toolchain.host_compiler(self.toolkit).path
        except toolchain.ToolchainError as error:
            pytest.skip(str(error))
        self.flags = toolchain.compile_flags
        self.folders = [*headers.include_dirs, *self.toolkit.include_dirs, toolchain.python_include()]

    def has(self, header: str) -> bool:
        places = [*self.folders, *(folder / "cccl" for folder in self.toolkit.include_dirs)]  # nvcc looks there by itself
        return any((folder / header).is_file() for folder in places) or "/" not in header and ("." not in header or header in C_HEADERS)

    def compile(self, unit: Path) -> str:
        """What the compiler says of a unit."""
        cuda = unit.suffix == ".cu"
        folders = [word for folder in self.folders for word in ("-isystem", str(folder))]
        if cuda:
            command = [str(self.toolkit.nvcc), "-ptx", "-arch=sm_80", "-Xcudafe", "--error_limit=100000", "--expt-extended-lambda", "-o", os.devnull]
        else:
            command = [str(self.compiler), "-fsyntax-only"]
        done = subprocess.run(
            [*command, *self.flags(RELEASE, cuda=cuda), "-w", *folders, str(unit)], capture_output=True, text=True, errors="replace", timeout=600
        )
        return done.stderr + done.stdout


@pytest.fixture(scope="module")
def tools() -> Toolchain:
    return Toolchain()


def unit_of(group: list[tuple[Fixture, str, bytes]], tools: Toolchain) -> bytes:
    """One source of many fixtures."""
    includes: dict[bytes, None] = {}
    bodies = []
    for number, (fixture, name, data) in enumerate(group):
        data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        for include in preproc.includes(data):
            if tools.has(include.name):
                includes[b"#include <" + include.name.encode() + b">"] = None
        data = _INCLUDE_LINE.sub(b"", data)
        undefine = b"".join(b"#undef " + macro.encode() + b"\n" for macro in preproc.defined_macros(data))
        line = f'#line 1 "{fixture.id}/{name}"\n'.encode()
        bodies.append(b"namespace fixture_%d {\n" % number + line + data + b'\n}\n#line 1 "between"\n' + undefine)
    return b"\n".join(includes) + b"\n" + b"".join(bodies)


def errors(output: str) -> dict[str, list[str]]:
    """The error lines of each fixture; those of no fixture under "" """
    result: dict[str, list[str]] = defaultdict(list)
    for line in output.splitlines():
        if not re.search(r"\berror\b", line):
            continue
        m = re.match(r"(\w[\w-]*/[\w-]+/[\w-]+)/", line)
        result[m.group(1) if m else ""].append(line)
    return result


def single(after: bool, suffix: str, tools: Toolchain) -> list[tuple[Fixture, str, bytes]]:
    found = []
    for fixture in fixtures():
        if fixture.is_noop or fixture.is_project or fixture.id in NOT_ALONE or replace(fixture.settings, select=frozenset()) != Settings():
            continue
        if after and fixture.left:
            continue  # not all of it could be ported
        name = next(iter(fixture.before))
        if any(i.quoted and not tools.has(i.name) for i in preproc.includes(fixture.after[name])):
            continue  # needs a header of the project that it stands for
        if name.endswith(suffix):
            found.append((fixture, name, fixture.after[name] if after else fixture.before[name]))
    return found


@pytest.mark.parametrize("suffix", [".cu", ".cpp"])
def test_after_files_compile(suffix, tools, tmp_path):
    group = single(True, suffix, tools)
    missing = [f"{f.id}: {i.name}" for f, _, data in group for i in preproc.includes(data) if not tools.has(i.name)]
    assert not missing, "headers that torch does not have"
    unit = tmp_path / f"after{suffix}"
    unit.write_bytes(unit_of(group, tools))
    found = errors(tools.compile(unit))
    assert not found, "\n".join(line for lines in found.values() for line in lines[:4])


@pytest.mark.parametrize("suffix", [".cu", ".cpp"])
def test_before_files_of_removed_apis_do_not_compile(suffix, tools, tmp_path):
    broken = {r.id for r in catalogue().rewrites if r.reason(Settings()) == "broken"} - STILL_COMPILES.keys()
    group = [entry for entry in single(False, suffix, tools) if entry[0].rule in broken and entry[0].before != entry[0].after]
    found: dict[str, list[str]] = {}
    for number, stops in enumerate((False, True)):
        part = [entry for entry in group if (entry[0].rule in STOPS_PREPROCESSOR) is stops]
        unit = tmp_path / f"before{number}{suffix}"
        unit.write_bytes(unit_of(part, tools))
        found |= errors(tools.compile(unit)) if part else {}
    without_header = {f.id for f, _, data in group if any(not tools.has(i.name) for i in preproc.includes(data))}
    fine = [f.id for f, _, _ in group if f.id not in found and f.id not in without_header | LACKS_INCLUDE]
    assert not fine, "these compile as they are"
    rules = {f.rule for f, _, _ in group}
    by_error = {f.rule for f, _, _ in group if f.id in found}
    assert {r for r in rules - by_error if not r.endswith("headers")} == set(), "only a missing header stops these"
