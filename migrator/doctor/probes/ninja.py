"""ninja, and how torch calls it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .run import text_of


def ninja(torch_folder: str | None) -> dict[str, Any]:
    """``path`` and ``version`` (None where it does not run); ``hack``: file:line where cpp_extension.py builds with `ninja --version`."""
    path = shutil.which("ninja")
    version = None
    if path:
        try:
            done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)
            version = done.stdout.strip() if done.returncode == 0 else None
        except (OSError, subprocess.SubprocessError):
            pass
    return {"path": path, "version": version, "hack": _hack(torch_folder)}


def _hack(torch_folder: str | None) -> str | None:
    if not torch_folder:
        return None
    path = Path(torch_folder) / "utils/cpp_extension.py"
    try:
        tree = ast.parse(text_of(path))
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            words = [each.value for each in node.value.elts if isinstance(each, ast.Constant)]
            if words[:1] == ["ninja"] and words[1:2] in (["--version"], ["-version"], ["--v"]):
                return f"{path}:{node.value.elts[1].lineno}"
    return None
