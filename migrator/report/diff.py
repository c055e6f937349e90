"""A unified diff that ``git apply`` takes."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from migrator.planned import PlannedFile


def _name(path: Path) -> str:
    try:
        relative = os.path.relpath(path)
    except ValueError:
        relative = str(path)
    return str(path).lstrip("/") if relative.startswith("..") else relative.replace(os.sep, "/")


def unified(file: PlannedFile, context: int = 3) -> list[str]:
    """The diff of one file as lines, each with its newline."""
    before, after = _git_lines(file.before), _git_lines(file.after)
    name, new_name = _name(file.path), _name(file.shown_destination)
    result = []
    if file.created:
        result = [f"diff --git a/{name} b/{name}\n", "new file mode 100644\n"]
    elif new_name != name:
        result = [f"diff --git a/{name} b/{new_name}\n", f"rename from {name}\n", f"rename to {new_name}\n"]
    old = "/dev/null" if file.created else f"a/{name}"
    for line in difflib.unified_diff(before, after, old, f"b/{new_name}", n=context):
        if not line.endswith("\n"):
            line += "\n\\ No newline at end of file\n"
        result.append(line)
    return result


def _git_lines(data: bytes) -> list[str]:
    """Lines as git counts them: only ``\\n`` ends one."""
    parts = data.split(b"\n")
    lines = [p + b"\n" for p in parts[:-1]]
    if parts[-1]:
        lines.append(parts[-1])
    return [line.decode("utf-8", "surrogateescape") for line in lines]
