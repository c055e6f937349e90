"""Patterns over paths, as configuration files write them."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path


def matches(pattern: str, path: Path, root: Path) -> bool:
    """Whether a path is one that a pattern names.

    A pattern without ``/`` names a file or folder anywhere below ``root`` (``*.cuh``, ``legacy``); one with it a path from ``root``
    (``csrc/old/*``, where ``*`` crosses ``/``). A folder stands for all that lies in it. Paths outside ``root`` match nothing.
    """
    absolute = Path(os.path.abspath(path))
    if not absolute.is_relative_to(root):
        return False
    parts = absolute.relative_to(root).parts
    wanted = pattern.removeprefix("./").rstrip("/")
    if "/" not in wanted:
        return any(fnmatchcase(part, wanted) for part in parts)
    wanted = wanted.lstrip("/")
    return any(fnmatchcase("/".join(parts[: n + 1]), wanted) for n in range(len(parts)))
