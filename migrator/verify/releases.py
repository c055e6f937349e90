"""The torch releases that a run is about, and the headers of each."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from migrator.toolchain import KNOWN_RELEASES, HeaderSet, ToolchainError, header_set, resolve_release


def wanted_releases(text: str) -> list[str]:
    """`2.15`, `1.13,2.4,2.15`, `all` or `installed`, as exact releases, oldest first."""
    names: list[str] = []
    for word in text.split(","):
        word = word.strip()
        if word == "all":
            names += KNOWN_RELEASES
        elif word == "installed":
            names.append(installed_release())
        elif word:
            names.append(resolve_release(word))
    if not names:
        raise ToolchainError(f"--torch {text!r} names no release: write 2.15, or 1.13,2.4,2.15, or all, or installed")
    return sorted(dict.fromkeys(names), key=number)


def number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release.split("+")[0])[:3])


def installed_torch() -> Path | None:
    """The folder of the installed torch, found without importing it."""
    try:
        spec = importlib.util.find_spec("torch")
    except (ImportError, ValueError):
        return None
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    return folder if folder is not None and (folder / "include" / "ATen").is_dir() else None


def installed_release() -> str:
    folder = installed_torch()
    if folder is None:
        raise ToolchainError("--torch installed: there is no torch in this Python; name a release instead, such as --torch 2.15")
    found = re.search(r"__version__ = '([^'+]+)", (folder / "version.py").read_text())
    if not found:
        raise ToolchainError(f"{folder / 'version.py'} does not state a version; name a release instead, such as --torch 2.15")
    return found.group(1)


def headers_of(release: str, download: bool, progress: Callable[..., Any] | None = None) -> HeaderSet:
    """The headers of a release: the installed torch's where it is that release and the store lacks them."""
    try:
        return header_set(release, download=False)
    except ToolchainError:
        folder = installed_torch()
        if folder is not None and installed_release() == release:
            return installed_headers(folder, release)
        return header_set(release, download=download, progress=progress)


def installed_headers(folder: Path, release: str) -> HeaderSet:
    include = folder / "include"
    dirs = [include, include / "torch/csrc/api/include"]
    if number(release) < (2, 7):
        dirs += [include / "TH", include / "THC"]
    return HeaderSet(release, folder, tuple(dirs), f"installed in {folder}", 0)
