#!/usr/bin/env python3
"""What ``cuport migrate --dry-run`` costs, beside what bounds it and what does a part of it, on the same files.

    python benchmarks/migrate.py [--files 10 100 1000 10000] [--sources DIR] [--sizes 100 1000] [--runs 5] [--ast-grep PATH] [--output FILE]

The input of ``--files`` is made from fixtures/: its C++, CUDA and Python sources before they are ported, copied into an empty folder in
turn until there are as many files as asked for. Most of these files hold words that trigger a rewrite, so cuport parses them: the hard
case. ``--sources`` adds a folder of real sources, which is read and not changed; ``--sizes`` single files of so many KB, full of what is
rewritten. Timed, one after the other in each run, are

- ``read``: every file read, nothing else: the floor of a file that needs no parse;
- ``parse``: every C++ and CUDA file read and parsed by tree-sitter: the floor of a file that does;
- ``sed``: a recipe of ten replacements, the way of those who have no tool;
- ``ast-grep``: the same ten as rules of ``ast-grep scan -j1``, where it is installed (``pip install ast-grep-cli``), told that all of the
  suffixes that cuport reads are C++ (it takes ``.h`` for C otherwise, and passes over it);
- ``hipify``: ``torch.utils.hipify`` over the same folder, into a copy, where torch is installed: another purpose, the same reading;
- ``cuport`` and ``cuport -j2``: all rewrites that run by default, in one process and in two.

Beside them the start: ``import click``, ``cuport --version``, and ``cuport migrate`` on one file with nothing to change.

All start a process; printed are medians of wall time and processor time in seconds, and of the highest resident memory in MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
CPP = (".c", ".cc", ".cpp", ".cu", ".cuh", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".inc", ".inl")
SUFFIXES = frozenset({".cu", ".cuh", ".cpp", ".h", ".py"})
HIPIFY = """
import os, sys
from torch.utils.hipify.hipify_python import hipify
hipify(os.getcwd(), output_directory=sys.argv[1], includes=["*"], is_pytorch_extension=True, show_detailed=False)
"""
RECIPE = {
    "AT_CHECK": "TORCH_CHECK",
    "AT_ASSERTM": "TORCH_CHECK",
    "AT_ASSERT": "TORCH_INTERNAL_ASSERT",
    "AT_INDEX_ERROR": "TORCH_CHECK_INDEX",
    "THCCeilDiv": "at::ceil_div",
    "THCudaCheck": "C10_CUDA_CHECK",
    "THCudaMalloc": "c10::cuda::CUDACachingAllocator::raw_alloc",
    "THCudaFree": "c10::cuda::CUDACachingAllocator::raw_delete",
    "TensorOptionsBase": "TensorOptions",
    "cudaThreadSynchronize": "cudaDeviceSynchronize",
}
READ = "import os\nfor d, _, names in os.walk('.'):\n    for n in names:\n        open(os.path.join(d, n), 'rb').read()\n"
PARSE = """
from pathlib import Path
from migrator.source import CPP_SUFFIXES, SourceFile
from migrator.syntax import parse_tree
for path in Path('.').rglob('*'):
    if path.suffix in CPP_SUFFIXES:
        parse_tree(SourceFile(path, path.read_bytes()))
"""


def make(folder: Path, count: int) -> dict[str, int]:
    """Fill a folder with so many fixtures; how many files and bytes there are, and from how many different ones."""
    found = sorted((REPO / "fixtures").rglob("*"))
    sources = [p for p in found if p.is_file() and p.suffix in SUFFIXES and p.suffixes[-2:-1] != [".after"]]
    size = 0
    for i in range(count):
        source = sources[i * len(sources) // count] if count < len(sources) else sources[i % len(sources)]
        target = folder / f"copy{i // len(sources)}" / source.relative_to(REPO / "fixtures")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        size += target.stat().st_size
    return {"files": count, "bytes": size, "different": min(count, len(sources))}


def make_one(folder: Path, kilobytes: int) -> dict[str, int]:
    """One file of about so many KB in which two lines of five are rewritten."""
    pieces, size = ["#include <torch/extension.h>\n#include <THC/THC.h>\n"], 0
    while size < kilobytes * 1024:
        i = len(pieces)
        pieces.append(
            f"void f{i}(at::Tensor x, int n) {{\n  AT_CHECK(x.is_cuda(), \"x{i}\");\n  float *p = x.data<float>();\n"
            f"  for (int i = 0; i < n; ++i) p[i] += {i};\n}}\n"
        )
        size += len(pieces[-1])
    (folder / "one.cu").write_text("".join(pieces))
    return {"files": 1, "bytes": (folder / "one.cu").stat().st_size}


def measure(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and the highest resident MiB of a command in a folder. Raises SystemExit where it fails."""
    start = time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as it is installed: compiled
    environment["PYTHONPATH"] = str(REPO)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with exit status {process.returncode} in {folder}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def commands(scratch: Path, ast_grep: str | None) -> dict[str, list[str]]:
    """What is timed. The recipe prints what it makes: nothing is changed."""
    script = ";".join(f"s/\\b{old}\\b/{new}/g" for old, new in RECIPE.items())
    result = {
        "read": [sys.executable, "-c", READ],
        "parse": [sys.executable, "-c", PARSE],
        "sed": ["sh", "-c", f"find . -type f -exec sed '{script}' {{}} +"],
    }
    if ast_grep is not None:
        (scratch / "rules").mkdir()
        globs = ", ".join(f"'*{suffix}'" for suffix in CPP)
        (scratch / "sgconfig.yml").write_text(f"ruleDirs: [rules]\nlanguageGlobs:\n  cpp: [{globs}]\n")
        (scratch / "rules" / "rules.yml").write_text(
            "\n---\n".join(
                f"id: {old.lower()}\nlanguage: cpp\nrule: {{kind: identifier, regex: '^{old}$'}}\nfix: '{new}'\nseverity: hint"
                for old, new in RECIPE.items()
            )
        )
        result["ast-grep"] = [ast_grep, "scan", "-j1", "-c", str(scratch / "sgconfig.yml"), "--json=compact", "."]
    if find_spec("torch") is not None:
        (scratch / "hip").mkdir()
        result["hipify"] = [sys.executable, "-c", HIPIFY, str(scratch / "hip")]
    result["cuport"] = [sys.executable, "-m", "rewrites", "migrate", ".", "--dry-run", "--no-config", "--third-party"]
    result["cuport -j2"] = [*result["cuport"], "-j2"]
    return result


def compared(timed: dict[str, list[str]], folder: Path, runs: int) -> dict[str, list[float]]:
    """The medians of each command in a folder, printed."""
    found: dict[str, list[tuple[float, float, float]]] = {tool: [] for tool in timed}
    for _ in range(runs):
        for tool, command in timed.items():
            found[tool].append(measure(command, folder))
    medians = {tool: [round(statistics.median(column), 3) for column in zip(*rows, strict=True)] for tool, rows in found.items()}
    first = "parse" if "parse" in medians else next(iter(medians))
    print(f"{'':12}{'wall s':>10}{'CPU s':>10}{'MiB':>10}{'CPU / ' + first:>14}")
    for tool, (wall, cpu, memory) in medians.items():
        print(f"{tool:12}{wall:10.2f}{cpu:10.2f}{memory:10.0f}{cpu / medians[first][1]:14.1f}", flush=True)
    return medians


def start_up(scratch: Path) -> tuple[dict[str, list[str]], Path]:
    """The commands of a start, and the folder that they run in."""
    folder = scratch / "clean"
    folder.mkdir()
    (folder / "clean.cpp").write_text("int add(int a, int b) { return a + b; }\n")
    cuport = [sys.executable, "-m", "rewrites"]
    return {
        "click": [sys.executable, "-c", "import click"],
        "version": [*cuport, "--version"],
        "clean": [*cuport, "migrate", "clean.cpp", "--dry-run", "--no-config"],
    }, folder


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, nargs="*", default=[10, 100, 1000, 10000])
    arguments.add_argument("--sizes", type=int, nargs="*", default=[100, 1000], help="KB of single files")
    arguments.add_argument("--sources", type=Path, nargs="*", default=[])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--ast-grep", default="ast-grep")
    arguments.add_argument("--output", type=Path)
    given = arguments.parse_args()
    ast_grep = shutil.which(given.ast_grep)
    if ast_grep is None:
        print("ast-grep is not installed: left out", file=sys.stderr)
    machine = {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("tree-sitter", "tree-sitter-cpp", "tree-sitter-cuda", "libcst", "click")},
    }
    if ast_grep is not None:
        machine["ast-grep"] = subprocess.run([ast_grep, "--version"], capture_output=True, text=True).stdout.strip()
    result: dict = {"machine": machine, "runs": given.runs, "load": round(os.getloadavg()[0], 2), "inputs": []}
    with tempfile.TemporaryDirectory() as name:
        print("start")
        result["start: wall s, CPU s, MiB"] = compared(*start_up(Path(name)), given.runs)
    inputs: list[tuple[str, Any]] = [("files", count) for count in given.files]
    inputs += [("size", size) for size in given.sizes] + [("sources", folder) for folder in given.sources]
    for kind, of in inputs:
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            folder = scratch / "input"
            folder.mkdir()
            if kind == "sources":
                folder = of
                found = [p for p in of.rglob("*") if p.is_file()]
                stated = {"sources": of.name, "files": len(found), "bytes": sum(p.stat().st_size for p in found)}
            else:
                stated = (make if kind == "files" else make_one)(folder, of)
            print(", ".join(f"{key} {value}" for key, value in stated.items()))
            medians = compared(commands(scratch, ast_grep), folder, given.runs)
        result["inputs"].append({**stated, "wall s, CPU s, MiB": medians})
    if given.output:
        given.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
