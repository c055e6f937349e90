"""Repositories made for a test, and ``cuport fleet`` as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEGACY = "#include <THC/THC.h>\nvoid f(at::Tensor x) { AT_CHECK(x.is_cuda()); }\n"
CLEAN = "int add(int a, int b) { return a + b; }\n"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
ENVIRONMENT["DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT"] = "2s"  # where no scheduler is


def folder(path: Path, source: str = LEGACY) -> Path:
    path.mkdir(parents=True)
    (path / "op.cu").write_text(source)
    return path


def git(path: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(["git", *who, *words], cwd=path, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout.strip()


def repository(path: Path, source: str = LEGACY) -> Path:
    folder(path, source)
    git(path, "init", "-q", "-b", "main")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "first")
    return path


def command(listed: Path, out: Path, *words: str) -> list[str]:
    return [sys.executable, "-c", "from rewrites import main; main()", "fleet", str(listed), "--out", str(out), *words]


def fleet(listed: Path, out: Path, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(listed, out, *words), cwd=listed.parent, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == status and "Traceback" not in done.stderr, done.stderr
    return done


def survey(out: Path) -> dict:
    return json.loads((out / "survey.json").read_text())


def by_name(out: Path) -> dict[str, dict]:
    return {record["name"]: record for record in survey(out)["repositories"]}


def without_cost(out: Path) -> dict:
    """The survey without what was measured."""
    value = survey(out)
    del value["summary"]["cpu_seconds"], value["summary"]["peak_bytes"]
    for record in value["repositories"]:
        del record["cost"]
    return value
