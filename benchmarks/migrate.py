#!/usr/bin/env python3
"""What ``cuport migrate --dry-run`` costs, beside what bounds it and what does a part of it, on the same files.

    python benchmarks/migrate.py [--files 10 100 1000 10000] [--runs 5] [--ast-grep PATH] [--output FILE]

The input is made from fixtures/: its C++, CUDA and Python sources before they are ported, copied into an empty folder in turn until
there are as many files as asked for. Most of these files hold words that trigger a rewrite, so cuport parses them: the hard case.
Timed, one after the other in each run, are

- ``read``: every file read, nothing else: the floor of a file that needs no parse;
- ``parse``: every C++ and CUDA file read and parsed by tree-sitter: the floor of a file that does;
- ``sed``: a recipe of four replacements, the way of those who have no tool;
- ``ast-grep``: the same four as rules of ``ast-grep scan -j1``, where it is installed (``pip install ast-grep-cli``);
- ``cuport``: all rewrites that run by default.

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
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
SUFFIXES = frozenset({".cu", ".cuh", ".cpp", ".h", ".py"})
RECIPE = {"AT_CHECK": "TORCH_CHECK", "THCCeilDiv": "at::ceil_div", "THCudaCheck": "C10_CUDA_CHECK", "AT_ASSERTM": "TORCH_CHECK"}
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


def measure(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and the highest resident MiB of a command in a folder. Raises SystemExit where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(REPO)}
    )
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
        rules = scratch / "rules.yml"
        rules.write_text(
            "\n---\n".join(
                f"id: {old.lower()}\nlanguage: cpp\nrule: {{kind: identifier, regex: '^{old}$'}}\nfix: '{new}'\nseverity: hint"
                for old, new in RECIPE.items()
            )
        )
        result["ast-grep"] = [ast_grep, "scan", "-j1", "--rule", str(rules), "--json=compact", "."]
    result["cuport"] = [sys.executable, "-m", "rewrites", "migrate", ".", "--dry-run", "--no-config", "--third-party"]
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, nargs="+", default=[10, 100, 1000, 10000])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--ast-grep", default="ast-grep")
    arguments.add_argument("--output", type=Path)
    given = arguments.parse_args()
    ast_grep = shutil.which(given.ast_grep)
    if ast_grep is None:
        print("ast-grep is not installed: left out", file=sys.stderr)
    machine = {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    result: dict = {"machine": machine, "runs": given.runs, "load": round(os.getloadavg()[0], 2), "sizes": []}
    for count in given.files:
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            folder = scratch / "input"
            folder.mkdir()
            stated = make(folder, count)
            print(f"{count} files, {stated['bytes']} bytes, {stated['different']} different ones")
            timed = commands(scratch, ast_grep)
            runs: dict[str, list[tuple[float, float, float]]] = {tool: [] for tool in timed}
            for _ in range(given.runs):
                for tool, command in timed.items():
                    runs[tool].append(measure(command, folder))
        medians = {tool: [round(statistics.median(column), 2) for column in zip(*found, strict=True)] for tool, found in runs.items()}
        print(f"{'':10}{'wall s':>10}{'CPU s':>10}{'MiB':>10}{'CPU / parse':>14}")
        for tool, (wall, cpu, memory) in medians.items():
            print(f"{tool:10}{wall:10.2f}{cpu:10.2f}{memory:10.0f}{cpu / medians['parse'][1]:14.1f}")
        result["sizes"].append({**stated, "wall_s_cpu_s_mib": medians})
    if given.output:
        given.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
