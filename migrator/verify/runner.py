"""Builds with the installed torch, imports, lists the operators, runs a command. The only part that runs the project's code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.toolchain import Toolkit

from .diagnose import first_error
from .link import foreign_runtimes, runtime_folder
from .process import run_one
from .units import BUILD_SCRIPTS, Project

_IMPORT = """
import importlib.util, json, sys
import torch
def operators():
    return set(torch._C._dispatch_get_all_op_names())
before = operators()
spec = importlib.util.spec_from_file_location(sys.argv[2], sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
names = [name for name in dir(module) if not name.startswith("__")]
print(json.dumps({"names": names, "operators": sorted(operators() - before), "gpu": torch.cuda.is_available(), "torch": torch.__version__}))
"""
_LOAD = """
import json, sys
from torch.utils.cpp_extension import load
load(**json.loads(sys.argv[1]))
"""


@dataclass
class RunResult:
    """What was built, what it holds, and how the command ended. `gpu` is whether anything could run on one."""

    ok: bool = True
    libraries: list[Path] = field(default_factory=list)
    operators: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    returncode: int | None = None
    gpu: bool = False
    folder: Path | None = None

    def fail(self, text: str) -> RunResult:
        self.ok = False
        self.problems.append(text)
        return self

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "libraries": [str(p) for p in self.libraries],
            "operators": self.operators,
            "problems": self.problems,
            "command": self.command,
            "returncode": self.returncode,
            "gpu": self.gpu,
        }


def build_and_run(project: Project, toolkit: Toolkit, archs: tuple[str, ...], command: Sequence[str], folder: Path, jobs: int) -> RunResult:
    """Build a copy of the project under `folder`, import what came out, and run the command beside it."""
    result = RunResult(command=list(command), folder=folder)
    tree = folder / "tree"
    shutil.rmtree(folder, ignore_errors=True)
    ignore = shutil.ignore_patterns(".git", "build", "*.o", "__pycache__")
    shutil.copytree(project.root, tree, symlinks=True, ignore=ignore)
    environment = _environment(toolkit, archs, folder, jobs)
    scripts = [p for p in project.build_files if p.name in BUILD_SCRIPTS]
    if scripts:
        for script in scripts:
            _build_script(tree / script.relative_to(project.root), environment, result)
    else:
        _build_by_load(project, tree, folder, environment, result)
    if not result.ok:
        return result
    suffix = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
    result.libraries = sorted({p for p in folder.rglob("*.so") if p.name.endswith((suffix, ".so")) and "cuda" != p.parent.name})
    if not result.libraries:
        return result.fail("the build made no library: look at its output by running setup.py build_ext --inplace yourself")
    for library in result.libraries:
        _inspect(library, toolkit, environment, result)
    if command and result.ok:
        paths = [str(p.parent) for p in result.libraries] + [str(tree), os.environ.get("PYTHONPATH", "")]
        done = subprocess.run(list(command), cwd=tree, env={**environment, "PYTHONPATH": os.pathsep.join(p for p in paths if p)})
        result.returncode = done.returncode
        if done.returncode:
            result.fail(f"{' '.join(command)} ended with {done.returncode}")
    return result


def _environment(toolkit: Toolkit, archs: tuple[str, ...], folder: Path, jobs: int) -> dict[str, str]:
    libraries = runtime_folder(toolkit, folder / "cuda")
    path = os.pathsep.join([str(Path(sys.executable).parent), str(toolkit.nvcc.parent), os.environ.get("PATH", "")])
    search = os.pathsep.join(p for p in [str(libraries), *map(str, toolkit.lib_dirs), os.environ.get("LIBRARY_PATH", "")] if p)
    from .commands import arch_number

    numbers = [arch_number(arch) for arch in archs]
    return {
        **os.environ,
        "CUDA_HOME": str(toolkit.root),
        "FORCE_CUDA": "1",
        "LIBRARY_PATH": search,
        "PATH": path,
        "MAX_JOBS": str(jobs),
        "TORCH_CUDA_ARCH_LIST": ";".join(f"{n[:-1]}.{n[-1]}" if n[-1].isdigit() else f"{n[:-2]}.{n[-2:]}" for n in numbers),
    }


def _build_script(script: Path, environment: dict[str, str], result: RunResult) -> None:
    done = run_one([sys.executable, script.name, "build_ext", "--inplace", "--build-temp", "build/temp"], script.parent, environment)
    if done.returncode:
        result.fail(f"{script.name} build_ext failed: {_reason(done.output)}")


def _build_by_load(project: Project, tree: Path, folder: Path, environment: dict[str, str], result: RunResult) -> None:
    for name in dict.fromkeys(unit.extension for unit in project.units):
        units = [unit for unit in project.units if unit.extension == name]
        module = re.sub(r"\W", "_", units[0].module)
        target = folder / "load" / re.sub(r"\W", "_", name)
        target.mkdir(parents=True, exist_ok=True)
        wanted = {
            "name": module,
            "sources": [str(tree / u.source) for u in units],
            "build_directory": str(target),
            "is_python_module": False,
            "extra_include_paths": sorted({str(tree / d) for u in units for d in u.include_dirs}),
            "extra_cflags": sorted({f"-D{d}" for u in units for d in u.defines}),
            "extra_cuda_cflags": sorted({f for u in units for f in (*[f"-D{d}" for d in u.defines], *u.flags) if u.is_cuda}),
        }
        done = run_one([sys.executable, "-c", _LOAD, json.dumps(wanted)], target, environment)
        if done.returncode and not list(target.glob("*.so")):
            result.fail(f"building {module} failed: {_reason(done.output)}")


def _inspect(library: Path, toolkit: Toolkit, environment: dict[str, str], result: RunResult) -> None:
    for complaint in foreign_runtimes(library, toolkit.version[0]):
        result.fail(complaint)
    module = library.name.partition(".")[0]
    done = run_one([sys.executable, "-c", _IMPORT, str(library), module], library.parent, environment)
    lines = [line for line in done.output.strip().splitlines() if line.strip()]
    answers = [line for line in lines if line.startswith('{"names":')]
    if done.returncode or not answers:
        result.fail(f"import of {library.name} failed: {lines[-1] if lines else 'no message'}")
        return
    found = json.loads(answers[-1])
    result.gpu = found["gpu"]
    result.operators[module] = found["names"] + found["operators"]


def _reason(output: str) -> str:
    lines = output.splitlines()
    if any("error" in line for line in lines):
        first = first_error("\n".join(re.sub(r"^\S*/tree/", "", line) for line in lines))
        return str(first)
    return lines[-1] if lines else "no output"
