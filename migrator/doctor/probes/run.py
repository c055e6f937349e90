"""Other programs, asked with a time limit."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any


def output(command: list[str], seconds: int = 60) -> str:
    """What the program prints on standard output, in English; nothing where it does not run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds, env={**os.environ, "LC_ALL": "C"})
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def json_of(command: list[str], seconds: int) -> dict[str, Any]:
    """The JSON that the program prints last, or {"error": why not}. It runs in an empty folder, from which nothing is imported."""
    with tempfile.TemporaryDirectory() as empty:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=seconds, stdin=subprocess.DEVNULL, cwd=empty
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no answer within {seconds} s"}
        except OSError as error:
            return {"error": str(error)}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    last = [line for line in done.stderr.splitlines() if line.strip()]
    return {"error": last[-1] if last else f"exit status {done.returncode}"}


def text_of(path: str | Path) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
