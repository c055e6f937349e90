"""The header store: the C++ headers of any torch release, taken out of its wheel.

    headers/1.10.2/include/...            as in the wheel (torch/include, torch/lib/include in 1.0)
    headers/1.10.2/torch/utils/cpp_extension.py, torch/version.py    to look facts up
    headers/1.10.2/wheel-directory.json   the wheel's directory: [name, offset, length, size, crc] for each member, so that a
                                          library can be fetched later by one range request
    pybind11/3.0.1/include/...            for releases whose own pybind11 does not know this Python

Sources: the indexes that pip is configured for. A wheel of any Python version and any Linux serves; it has to be one built
with CUDA (it holds ATen/cuda/CUDAConfig.h).
"""
from __future__ import annotations

import json
import re
import shutil
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .cache import headers_dir, pybind11_dir
from .errors import ToolchainError, verify_extra, without_password
from .releases import minor, resolve_release
from .store import adding, entries, read_manifest, remove

if TYPE_CHECKING:
    from .index import Index, Wheel
    from .remote import Extract, Progress

CUDA_CONFIG = "include/ATen/cuda/CUDAConfig.h"
WHEEL_DIRECTORY = "wheel-directory.json"


@dataclass(frozen=True)
class HeaderSet:
    """The headers of one release in the store."""

    release: str
    root: Path
    include_dirs: tuple[Path, ...]
    """As cpp_extension of that release passes them, in order."""
    wheel: str
    """The address of the wheel that they were taken from."""
    downloaded: int
    """Bytes that came over the network for them."""
    size: int
    """Bytes on the disk."""


def header_set(release: str, download: bool = False, progress: Progress | None = None) -> HeaderSet:
    """The headers of a release ("1.10", "1.10.2"); with `download`, fetched first if they are not here.

    With `download`, pybind11's headers are fetched as well where the store has none. ToolchainError, saying
    `cuport headers add X`, if they are not here; or saying why they could not be fetched.
    """
    release = resolve_release(release)
    folder = headers_dir() / release
    manifest = read_manifest(folder)
    present = manifest is not None
    if not present and download:
        manifest = _add(release, folder, progress)
    if manifest is None:
        raise ToolchainError(f"the headers of torch {release} are not here; run `cuport headers add {release}`")
    if download and not entries(pybind11_dir()):
        try:
            _add_pybind11(progress)
        except ToolchainError:
            if not present:
                raise  # what is here already serves offline as well
    return _described(release, folder, manifest)


def list_header_sets() -> list[HeaderSet]:
    """What the store holds, oldest release first."""
    found = [_described(folder.name, folder, read_manifest(folder) or {}) for folder in entries(headers_dir())]
    return sorted(found, key=lambda each: [int(part) for part in re.findall(r"\d+", each.release)])


def remove_header_set(release: str) -> None:
    """Deletes a release's headers. ToolchainError if they are not here."""
    release = resolve_release(release)
    if not (headers_dir() / release).exists() or not remove(headers_dir() / release):
        raise ToolchainError(f"there are no headers of torch {release} here; `cuport headers list` shows what is")


def pybind11_include() -> Path:
    """The include folder of the store's pybind11, to be put before a release's own. ToolchainError if it is not here."""
    found = entries(pybind11_dir())
    if not found:
        raise ToolchainError("pybind11's headers are not here; run `cuport headers add` with any release")
    return found[-1] / "include"


def needs_pybind11(headers: HeaderSet) -> bool:
    """Whether a release's own pybind11 is too old for this interpreter, so that `pybind11_include()` has to come first."""
    bundled = _bundled_pybind11(headers.root / "include/pybind11/detail/common.h")
    needed = {(3, 11): (2, 10), (3, 12): (2, 11), (3, 13): (2, 13), (3, 14): (3, 0)}
    return any(sys.version_info[:2] >= python and bundled < version for python, version in needed.items())


def _bundled_pybind11(common_h: Path) -> tuple[int, int]:
    """The version written in pybind11/detail/common.h; (0, 0) where there is none."""
    try:
        text = common_h.read_text(errors="replace")
    except OSError:
        return 0, 0
    found = dict(re.findall(r"#\s*define PYBIND11_VERSION_(MAJOR|MINOR)\s+(\d+)", text))
    return int(found.get("MAJOR", 0)), int(found.get("MINOR", 0))


def _described(release: str, folder: Path, manifest: dict) -> HeaderSet:
    include = folder / "include"
    dirs = [include, include / "torch/csrc/api/include"]
    if minor(release) <= (2, 6):
        dirs += [include / "TH", include / "THC"]
    return HeaderSet(release, folder, tuple(dirs), manifest.get("wheel", ""), manifest.get("downloaded", 0), manifest.get("bytes", 0))


def _add(release: str, folder: Path, progress: Progress | None) -> dict | None:
    with verify_extra():
        from .index import Index

    index = Index()
    with adding(folder) as part:
        if part is not None:
            wheel, extracted = _first_with_cuda(index, release, part.root, progress)
            for member in extracted.members:
                part.record(member.path, member.size, member.crc)
            directory = json.dumps(extracted.directory).encode()
            (part.root / WHEEL_DIRECTORY).write_bytes(directory)
            part.record(WHEEL_DIRECTORY, len(directory), zlib.crc32(directory))
            part.facts.update(release=release, wheel=without_password(wheel.url), downloaded=extracted.downloaded)
    return read_manifest(folder)


def _first_with_cuda(index: Index, release: str, root: Path, progress: Progress | None) -> tuple[Wheel, Extract]:
    """Unpacks the headers of the first wheel of the release that was built with CUDA."""
    with verify_extra():
        from .remote import extract

    wheels = _linux_wheels(index, release)
    for wheel in wheels[:4]:
        extracted = extract(index, wheel, _header_path, root, progress)
        if any(member.path == CUDA_CONFIG for member in extracted.members):
            return wheel, extracted
        for child in root.iterdir():
            shutil.rmtree(child)
    if wheels:
        raise index.missing(f"wheel of torch {release} built with CUDA", "add an index that has one to pip's configuration")
    raise index.missing(f"Linux wheel of torch {release}", "check the release's number, or pip's index-url")


def _linux_wheels(index: Index, release: str) -> list[Wheel]:
    """The release's Linux wheels, the likeliest first: not marked as without CUDA, and x86_64, on every machine.

    The headers hardly differ by processor; aarch64 wheels of many releases were built without CUDA.
    """
    from packaging.version import Version

    def rank(wheel: Wheel) -> tuple:
        platforms = [tag.platform for tag in wheel.tags]
        local = wheel.version.local or ""
        return (
            local.startswith(("cpu", "rocm", "xpu")),
            not any(name.endswith("x86_64") for name in platforms),
            wheel.local_path is None,
            wheel.filename,
        )

    found = [
        wheel for wheel in index.wheels("torch")
        if Version(wheel.version.public) == Version(release) and any("linux" in tag.platform for tag in wheel.tags)
    ]
    return sorted(found, key=rank)


def _header_path(name: str) -> str | None:
    """Where a member of torch's wheel goes in the store; None for what is not kept."""
    for prefix in ("torch/include/", "torch/lib/include/"):
        if name.startswith(prefix):
            return "include/" + name.removeprefix(prefix)
    return name if name in ("torch/utils/cpp_extension.py", "torch/version.py") else None


def _add_pybind11(progress: Progress | None) -> None:
    with verify_extra():
        from .index import Index
        from .remote import extract

    index = Index()
    wheels = [wheel for wheel in index.wheels("pybind11") if not wheel.version.is_prerelease]
    if not wheels:
        raise index.missing("wheel of pybind11", "check pip's index-url")
    wheel = max(wheels, key=lambda each: each.version)
    with adding(pybind11_dir() / str(wheel.version)) as part:
        if part is not None:
            extracted = extract(index, wheel, _pybind11_path, part.root, progress)
            for member in extracted.members:
                part.record(member.path, member.size, member.crc)
            part.facts.update(wheel=without_password(wheel.url), downloaded=extracted.downloaded)


def _pybind11_path(name: str) -> str | None:
    return name.removeprefix("pybind11/") if name.startswith("pybind11/include/") else None
