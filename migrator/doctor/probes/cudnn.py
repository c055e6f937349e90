"""The copies of cuDNN that the loader could take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from .run import output


def cudnn_copies(wheel: list[str]) -> list[dict[str, object]]:
    """In the loader's order: LD_LIBRARY_PATH, the wheel's (``wheel``), conda's, the system's. ``dangling``: links beside it to nothing."""
    found: dict[str, dict[str, object]] = {}
    for path, origin in _files(wheel):
        real = path.resolve()
        found.setdefault(
            str(real),
            {
                "path": str(path),
                "origin": origin,
                "version": real.name.partition(".so.")[2],
                "dangling": [each.name for each in sorted(path.parent.glob("libcudnn*.so*")) if each.is_symlink() and not each.exists()],
            },
        )
    return list(found.values())


def _files(wheel: list[str]) -> Iterator[tuple[Path, str]]:
    for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":"):
        if folder:
            yield from ((each, "LD_LIBRARY_PATH") for each in _in(Path(folder)))
    yield from ((Path(each), "wheel") for each in wheel)
    if os.environ.get("CONDA_PREFIX"):
        yield from ((each, "conda") for each in _in(Path(os.environ["CONDA_PREFIX"], "lib")))
    cached = re.findall(r"^\s*libcudnn\.so\.\d+ .*=> (\S+)$", output(["ldconfig", "-p"]) or output(["/sbin/ldconfig", "-p"]), re.MULTILINE)
    yield from ((Path(each), "system") for each in cached)
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/local/cuda/lib64", "/usr/lib64"):
        yield from ((each, "system") for each in _in(Path(folder)))


def _in(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.glob("libcudnn.so.*")) if each.exists()]
