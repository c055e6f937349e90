"""Skeleton: the names others build upon."""
from __future__ import annotations

from pathlib import Path


def standard(release: str) -> str:
    """The -std value cuport compiles `release` with under a current nvcc: "c++17", "c++20"."""
    raise NotImplementedError


def compile_flags(release: str, *, cuda: bool, name: str = "extension") -> list[str]:
    raise NotImplementedError


def python_include() -> Path:
    raise NotImplementedError
