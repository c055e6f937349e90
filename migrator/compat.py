"""The one header of a project that holds the guards which no single spelling makes needless.

A guard is a fragment of the catalogue, under a marker line; the header has those that the project needs, and is added to when it needs more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from migrator.project import Project

NAME = "cuport_compat.h"
_HEAD = """\
// Written by cuport: what is spelt differently by the torch and CUDA releases that this project is built with, each guarded once.
// Ship it with the sources. A guard can go once the oldest of these releases has the newer spelling.
#pragma once
"""
_MARK = re.compile(r"^// \[([\w-]+)\]", re.M)


def place(project: Project) -> Path:
    """The real path of the header: the one that there is, else the folder that holds all C++ sources of the project."""
    known = sorted(path for path in project.files if path.name == NAME)
    if known:
        return known[0]
    folder = Path(os.path.commonpath([str(path.parent) for path in project.files]))
    for above in (folder, *folder.parents):
        if (above / NAME).is_file():
            return above / NAME
        if (above / ".git").exists():
            break
    return folder / NAME


def include_name(header: Path, path: Path) -> str:
    """How a file names the header in its ``#include``."""
    return Path(os.path.relpath(header, path.parent)).as_posix()


def missing(old: bytes, wanted: Iterable[str]) -> list[str]:
    """The guards that a header (its bytes; empty: none yet) lacks."""
    present = set(_MARK.findall(old.decode("utf-8", "replace")))
    return sorted(set(wanted) - present)


def text(old: bytes, wanted: Iterable[str], fragments: Mapping[str, str]) -> bytes:
    """The header with the guards that it lacks added at its end."""
    data = old or _HEAD.encode()
    for name in missing(old, wanted):
        data += f"\n// [{name}] {fragments[name].strip()}\n".encode()
    return data
