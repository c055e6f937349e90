"""Skeleton: the names others build upon."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class HeaderSet:
    release: str
    root: Path
    include_dirs: tuple[Path, ...]


def header_set(release: str, download: bool = False, progress=None) -> HeaderSet:
    raise NotImplementedError


def list_header_sets() -> list[HeaderSet]:
    raise NotImplementedError


def remove_header_set(release: str) -> None:
    raise NotImplementedError


def pybind11_include() -> Path:
    raise NotImplementedError
