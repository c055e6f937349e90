"""What earlier builds left: locks, build folders; and processes that still run a torch that was replaced."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .run import text_of


def locks() -> list[dict[str, Any]]:
    """Locks (torch.utils.file_baton) in the extensions cache. ``age``: seconds since the build folder last changed; ``held``: `_holder`.

    The baton keeps the file open while it is held, so that /proc shows who holds it.
    """
    roots = dict.fromkeys(_caches())
    paths = {path for root in roots for pattern in ("*/lock", "*/*/lock") for path in root.glob(pattern)}
    found = []
    for path in sorted(paths):
        try:
            newest = max(each.stat().st_mtime for each in path.parent.iterdir())
        except (OSError, ValueError):
            continue
        found.append({"path": str(path), "age": int(time.time() - newest), "held": _holder(path)})
    return found


def _caches() -> Iterator[Path]:
    """torch.utils.cpp_extension.get_default_build_root, and TORCH_EXTENSIONS_DIR."""
    if os.environ.get("TORCH_EXTENSIONS_DIR"):
        yield Path(os.environ["TORCH_EXTENSIONS_DIR"])
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"], "torch_extensions")
    yield Path.home() / ".cache/torch_extensions"
    if sys.platform == "darwin":
        yield Path.home() / "Library/Caches/torch_extensions"
    if os.environ.get("LOCALAPPDATA"):
        yield from (Path(os.environ["LOCALAPPDATA"], "torch_extensions", *more) for more in ((), ("torch_extensions", "Cache")))


def _holder(path: Path) -> int | None:
    """The process that has the lock open; 0 for nobody; None where the processes of the lock's owner cannot be seen."""
    if sys.platform != "linux" or os.geteuid() not in (0, path.stat().st_uid):
        return None
    real = str(path.resolve())
    for process in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.readlink(each) == real for each in process.iterdir()):
                return int(process.parent.name)
        except OSError:
            continue
    return 0


def build_folders(folder: Path) -> list[dict[str, Any]]:
    """``build/`` folders of the project with objects in them, and when the newest of those was written (seconds since 1970)."""
    found = []
    for build in sorted({*folder.glob("build"), *folder.glob("*/build"), *folder.glob("*/*/build")}):
        objects = [each for pattern in ("temp*/**/*.o", "temp*/**/*.obj") for each in build.glob(pattern)]
        try:
            if objects:
                found.append({"path": str(build), "newest": max(each.stat().st_mtime for each in objects)})
        except OSError:
            continue
    return found


def replaced_torches() -> list[dict[str, Any]]:
    """Processes of this user that run a torch library that is no longer on disk: torch was upgraded under them."""
    found = []
    for maps in Path("/proc").glob("[0-9]*/maps"):
        match = re.search(r" (/\S+/torch/lib/lib\S+\.so\S*) \(deleted\)$", text_of(maps), re.MULTILINE)
        if match:
            command = text_of(maps.parent / "cmdline").replace("\0", " ").strip()
            found.append({"pid": int(maps.parent.name), "command": command[:80], "library": match[1]})
    return found
