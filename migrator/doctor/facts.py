"""Reads the machine into one plain value, which the checks judge."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from .probes.cudnn import cudnn_copies
from .probes.driver import driver
from .probes.extensions import extensions
from .probes.interpreter import imported_torch, interpreter
from .probes.msvc import bounds, msvc
from .probes.ninja import ninja
from .probes.place import place
from .probes.project import packages
from .probes.run import output
from .probes.stale import build_folders, locks, replaced_torches
from .probes.standard import standard

VARIABLES = (
    "CUDA_HOME",
    "CUDA_PATH",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "TORCH_CUDA_ARCH_LIST",
    "MAX_JOBS",
    "CC",
    "CXX",
    "CONDA_PREFIX",
    "VIRTUAL_ENV",
    "TORCH_EXTENSIONS_DIR",
    "CUDA_VISIBLE_DEVICES",
)


def read_facts(folder: Path, python: str) -> dict[str, Any]:
    """The facts of this machine, of the interpreter, and of the project in ``folder``."""
    from ..toolchain.errors import ToolchainError
    from ..toolchain.find import find_toolkits
    from ..toolchain.host import accepts, host_compilers
    from ..verify.memory import available_memory

    folder = folder.resolve()
    own = packages(folder)
    found = interpreter(python, list(own))
    torch_folder = found.get("torch_folder")
    try:
        toolkits, compilers = find_toolkits([Path(torch_folder).parent] if torch_folder else ()), host_compilers()
    except ToolchainError:
        toolkits, compilers = [], []
    return {
        "environ": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "platform": sys.platform,
        "place": place(),
        "python": found,
        "torch": imported_torch(python) if torch_folder else None,
        "toolkits": [
            {
                "root": str(each.root),
                "version": list(each.version),
                "origin": each.origin,
                "problems": list(each.problems),
                "link_problems": list(each.link_problems),
                "accepts": [str(one.path) for one in compilers if accepts(each, one)],
                "msvc": bounds(each.include_dirs),
                "architectures": sorted(int(line[8:]) for line in _lines(each.nvcc, "--list-gpu-arch") if line[8:].isdigit()),
            }
            for each in toolkits
        ],
        "compilers": [{"path": str(each.path), "kind": each.kind, "version": list(each.version)} for each in compilers],
        "standard": standard(torch_folder, str(compilers[0].path) if compilers else None),
        "msvc": msvc(),
        "ninja": ninja(torch_folder),
        "driver": driver(),
        "memory": available_memory(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "cudnn": cudnn_copies(found.get("cudnn", [])),
        "locks": locks(),
        "builds": build_folders(folder),
        "running": replaced_torches(),
        "extensions": extensions(folder, torch_folder),
        "project": {name: {"here": path, "imported": found.get("packages", {}).get(name, [])} for name, path in own.items()},
    }


def _lines(program: Path, argument: str) -> list[str]:
    return output([str(program), argument], 20).splitlines()
