#!/usr/bin/env python3
"""What porting the Python of a repository costs, beside ruff and torchfix on the same files.

    python benchmarks/python_rewrites.py DIR [--copies 3] [--runs 3] [--torchfix PATH] [--ruff PATH] [--output FILE]

Every ``.py`` file of DIR is copied into an empty folder (``--copies`` times, for a repository of another size). Timed are
``cuport migrate --dry-run --select`` with the rewrites of Python, and after it ``ruff check --select NPY201,UP`` and
``torchfix --select ALL``, one after the other. ruff and torchfix use every core; cuport uses one. "parsed" are the files that
hold a trigger word and were parsed.
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
sys.path.insert(0, str(REPO))

from migrator.engine import migrate  # noqa: E402
from migrator.project import Project  # noqa: E402
from migrator.rewrite import Settings  # noqa: E402
from rewrites import catalogue  # noqa: E402


def copy(source: Path, target: Path, copies: int) -> int:
    """Copy the Python files under a folder; how many there are."""
    files = [p for p in sorted(source.rglob("*.py")) if p.is_file()]
    for i in range(copies):
        for path in files:
            new = target / f"copy{i}" / path.relative_to(source)
            new.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, new)
    return len(files) * copies


def seconds(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall time and processor time (of all its processes) of a command in a folder."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(REPO)})
    after = os.times()
    return time.perf_counter() - start, after.children_user + after.children_system - before.children_user - before.children_system


def parsed(folder: Path, names: frozenset[str]) -> int:
    """How many of the files are parsed."""
    seen = set()

    class Counted(Project):
        def module(self, path):
            seen.add(path)
            return super().module(path)

    migrate(Counted.load([folder]), catalogue(), Settings(select=names))
    return len(seen)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--copies", type=int, default=1)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--ruff", default="ruff")
    arguments.add_argument("--torchfix", default="torchfix")
    arguments.add_argument("--output", type=Path)
    given = arguments.parse_args()
    home = REPO / "rewrites" / "python"
    names = frozenset(r.id for r in catalogue().rewrites if r.language == "python" and (home / f"{r.id.replace('-', '_')}.py").exists())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = copy(given.folder, folder, given.copies)
        commands = {
            "cuport": [sys.executable, "-m", "rewrites", "migrate", ".", "--dry-run", "--select", ",".join(sorted(names))],
            "ruff": [given.ruff, "check", "--no-cache", "--isolated", "--select", "NPY201,UP", "."],
            "torchfix": [given.torchfix, "--select", "ALL", "."],
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(given.runs):
            for name, command in commands.items():
                times[name].append(seconds(command, folder))
        result = {
            "machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
            "repository": given.folder.name,
            "files": files,
            "parsed": parsed(folder, names),
            "load": os.getloadavg()[0],
            "wall": {name: round(statistics.median(t[0] for t in runs), 2) for name, runs in times.items()},
            "cpu": {name: round(statistics.median(t[1] for t in runs), 2) for name, runs in times.items()},
        }
    text = json.dumps(result, indent=1)
    if given.output:
        given.output.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
