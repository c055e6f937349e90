"""The host compilers of this machine, and which of them an nvcc accepts.

The bounds are read from the toolkit's own crt/host_config.h (`#if __GNUC__ > 15`, `#if (__clang_major__ >= 22) || ...`).
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolchainError
from .toolkit import Toolkit


@dataclass(frozen=True)
class HostCompiler:
    path: Path
    kind: str
    """"gcc" or "clang"."""
    version: tuple[int, int, int]


def host_compilers() -> list[HostCompiler]:
    """Those found: $CXX, g++, g++-N (newest first), clang++, clang++-N; each real program once."""
    names = [os.environ.get("CXX", "").split(" ")[0], "g++", *(f"g++-{n}" for n in range(20, 6, -1)),
             "clang++", *(f"clang++-{n}" for n in range(24, 6, -1))]
    found: dict[Path, HostCompiler] = {}
    for name in names:
        path = shutil.which(name) if name else None
        if path and Path(path).resolve() not in found:
            compiler = _describe(Path(path))
            if compiler:
                found[Path(path).resolve()] = compiler
    return list(found.values())


def accepts(toolkit: Toolkit, compiler: HostCompiler) -> bool:
    """Whether the toolkit's nvcc takes the compiler without -allow-unsupported-compiler."""
    limits = _limits(toolkit)
    newest = limits.get(compiler.kind)
    return newest is None or compiler.version[0] <= newest


def host_compiler(toolkit: Toolkit) -> HostCompiler:
    """The first compiler that the toolkit accepts. ToolchainError if there is none."""
    found = host_compilers()
    for compiler in found:
        if accepts(toolkit, compiler):
            return compiler
    version = ".".join(map(str, toolkit.version))
    if not found:
        raise ToolchainError("there is no C++ compiler here; install g++ (Debian, Ubuntu: `apt install g++`)")
    newest = _limits(toolkit).get("gcc", 0)
    here = f"{found[0].path.name} {found[0].version[0]}"
    raise ToolchainError(f"nvcc {version} accepts g++ up to {newest}, and here is {here}; install g++-{newest}")


def _limits(toolkit: Toolkit) -> dict[str, int]:
    """The newest major version accepted, for "gcc" and "clang", as far as the toolkit's header states it."""
    for folder in toolkit.include_dirs:
        header = folder / "crt/host_config.h"
        if header.is_file():
            text = header.read_text(errors="replace")
            gcc = re.search(r"^#if __GNUC__ > (\d+)", text, re.MULTILINE)
            clang = re.search(r"^#if \(__clang_major__ >= (\d+)\)", text, re.MULTILINE)
            return ({"gcc": int(gcc[1])} if gcc else {}) | ({"clang": int(clang[1]) - 1} if clang else {})
    return {}


def _describe(path: Path) -> HostCompiler | None:
    """By the macros that the compiler defines: a `g++` that is clang says so there."""
    try:
        done = subprocess.run([path, "-dM", "-E", "-x", "c++", os.devnull], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    macros = dict(re.findall(r"^#define (__(?:GNUC|GNUC_MINOR|GNUC_PATCHLEVEL|clang_major|clang_minor|clang_patchlevel)__) (\d+)$",
                             done.stdout, re.MULTILINE))
    for kind, names in (("clang", ("clang_major", "clang_minor", "clang_patchlevel")), ("gcc", ("GNUC", "GNUC_MINOR", "GNUC_PATCHLEVEL"))):
        if f"__{names[0]}__" in macros:
            major, middle, patch = (int(macros.get(f"__{name}__", 0)) for name in names)
            return HostCompiler(path, kind, (major, middle, patch))
    return None
