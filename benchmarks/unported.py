"""Compiles unported sources against a release as far as the front end goes, so that it names everything that they lack.

A missing header stops a compiler at once. So each header that neither the project nor the release has gets a stand-in, which warns that
it was asked for and, where it was torch's, gives today's tensors; then the compiler goes on and names what the header would have given.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.complaints import ABSENT, Complaint, complaints
from migrator.api.index import Index
from migrator.syntax import preproc
from migrator.toolchain import HeaderSet
from migrator.verify.commands import Request, Tools, command_for
from migrator.verify.includes import reach
from migrator.verify.units import Unit

_GUARD = """\
#ifndef CUPORT_STAND_IN
#define CUPORT_STAND_IN
#include <ATen/ATen.h>
#if __has_include(<cuda_runtime.h>)
#include <cuda_runtime.h>
#endif
#endif
"""
_TIME_LIMIT = 600


@dataclass(frozen=True)
class Compiled:
    """What the compiler said of units that were compiled as one: the project's files that each reached, and the errors."""

    files: dict[Unit, frozenset[Path]]
    complaints: tuple[Complaint, ...]

    @property
    def accepted(self) -> int:
        """How many of the units have no error in a file of theirs."""
        wrong = {c.file for c in self.complaints}
        return sum(wrong.isdisjoint(files) for files in self.files.values())


@dataclass(frozen=True)
class Compiler:
    """The tools, the release and the folder for stand-ins and kept outputs. ``launcher``: what each compile is started through."""

    tools: Tools
    headers: HeaderSet
    scratch: Path
    launcher: tuple[str, ...] = ()

    @property
    def release_dirs(self) -> list[Path]:
        """Where headers of torch and CUDA lie."""
        cuda = self.tools.toolkit.include_dirs
        return [*self.headers.include_dirs, *cuda, *(d / "cccl" for d in cuda)]

    def stand_ins(self, units: Iterable[Unit], root: Path) -> Path:
        """The folder of stand-ins for what these units include and nobody has."""
        folder = self.scratch / "stand-ins" / hashlib.sha256(str(root).encode()).hexdigest()[:16]
        system = _system_dirs(self.tools)
        known = Index.load().torch.headers
        for unit in units:
            dirs = [root / d for d in unit.include_dirs]
            for path in reach(unit.path, dirs).files:
                for include in preproc.includes(path.read_bytes()):
                    if not any((d / include.name).is_file() for d in (path.parent, *dirs, *self.release_dirs, *system)):
                        _stand_in(folder, include.name, include.name in known or re.match(r"TH|ATen/|c10/", include.name) is not None)
        return folder

    def run(self, units: list[Unit], stand_ins: Path) -> Compiled:
        """Compile units of one project as one; an output that was kept for the same input is used again."""
        root = units[0].root.resolve()
        with tempfile.TemporaryDirectory() as folder:
            files = {unit: reach(unit.path, [root / d for d in unit.include_dirs]).files for unit in units}
            whole = units[0]
            if len(units) > 1:
                text = "".join(f'#include "{unit.path.resolve()}"\n' for unit in units)
                path = self.scratch / "together" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}{whole.source.suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                whole = replace(whole, source=path)
            command = self._command(whole, stand_ins, f"{folder}/out.ptx")
            key = hashlib.sha256(repr([c for c in command if folder not in c]).encode())
            for path in sorted({path for reached in files.values() for path in reached}):
                key.update(path.read_bytes())
            kept = self.scratch / "outputs" / f"{key.hexdigest()[:32]}.txt"
            if not kept.is_file():
                done = subprocess.run(
                    [*self.launcher, *command], cwd=root, capture_output=True, text=True, errors="replace",
                    env={**os.environ, "LC_ALL": "C"}, timeout=_TIME_LIMIT,
                )  # fmt: skip
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(done.stderr + done.stdout)
        below = {unit: frozenset(f for f in reached if f.is_relative_to(root)) for unit, reached in files.items()}
        return Compiled(below, tuple(complaints(kept.read_text(), root)))

    def _command(self, unit: Unit, stand_ins: Path, output: str) -> list[str]:
        command = command_for(Request(unit, self.headers, ptx=unit.is_cuda), self.tools, output)
        if unit.is_cuda:
            command += ["-Xcudafe", "--error_limit=100000"]
        else:
            command = [c for c in command if c not in ("-o", output)] + ["-fsyntax-only", "-fmax-errors=0"]
            if not unit.is_c:
                command += [f"-I{d}" for d in self.release_dirs if f"-I{d}" not in command]
        return [*command, f"-I{stand_ins}"]


def alike(units: Iterable[Unit]) -> list[list[Unit]]:
    """Units by what they are compiled with, so that each group can be compiled as one."""
    groups: dict[tuple, list[Unit]] = {}
    for unit in units:
        key = (unit.source.suffix, unit.cuda_extension, unit.include_dirs, unit.defines, unit.flags)
        groups.setdefault(key, []).append(unit)
    return list(groups.values())


def _stand_in(folder: Path, name: str, is_torch: bool) -> None:
    path = Path(os.path.normpath(folder / name))
    if path.is_relative_to(folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#warning {ABSENT} {name}\n" + (_GUARD if is_torch else ""))


def _system_dirs(tools: Tools) -> list[Path]:
    """Where the host compiler finds headers by itself."""
    said = subprocess.run([str(tools.host.path), "-xc++", "-E", "-v", "/dev/null"], capture_output=True, text=True).stderr
    listed = said.partition("search starts here:")[2].partition("End of search list")[0]
    python = shutil.which("python3-config")
    more = subprocess.run([python, "--includes"], capture_output=True, text=True).stdout.split() if python else []
    return [Path(line.strip()) for line in listed.splitlines() if line.startswith(" ")] + [Path(flag[2:]) for flag in more]
