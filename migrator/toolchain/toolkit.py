"""Skeleton: the names others build upon."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Toolkit:
    root: Path
    nvcc: Path
    version: tuple[int, int]
    include_dirs: tuple[Path, ...]
    lib_dirs: tuple[Path, ...]
    origin: str
    problems: tuple[str, ...] = ()


def find_toolkits() -> list[Toolkit]:
    raise NotImplementedError


def usable_toolkit(cuda: str | None = None) -> Toolkit:
    raise NotImplementedError


def install_toolkit(cuda: str = "13.2", progress=None) -> Toolkit:
    raise NotImplementedError
