"""A compile-only CUDA toolkit from PyPI's wheels, in cuport's cache.

The `cuda-toolkit` package says which version of each component belongs to a CUDA release; it is read, not installed. Of the
compiler's wheels everything below nvidia/cu13 is taken, of the libraries' wheels the headers only, by range requests.
The wheels hold libcudart.so.13 and no libcudart.so; the link that -lcudart needs is added.
Sources: PyPI `cuda-toolkit` 13.x metadata; `nvcc.profile` of nvidia-cuda-nvcc 13.2.86 (lib, include/cccl, nvvm/bin).
"""
from __future__ import annotations

import re
import sys
import tempfile
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from .cache import toolkits_dir
from .errors import ToolchainError, verify_extra, without_password
from .find import _version_prefix
from .store import Part, adding, remove
from .toolkit import Toolkit, describe

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from .index import Index, Wheel
    from .remote import Progress

WHOLE = {"nvidia-cuda-nvcc", "nvidia-cuda-crt", "nvidia-nvvm", "nvidia-cuda-runtime"}
HEADERS = {
    "nvidia-cuda-cccl", "nvidia-cublas", "nvidia-cusparse", "nvidia-cusolver", "nvidia-curand", "nvidia-cufft",
    "nvidia-cuda-nvrtc", "nvidia-nvtx", "nvidia-cuda-profiler-api",
}
UNUSED = ("libnvvm.so", "libnvptxcompiler")


def install_toolkit(cuda: str = "13.2", progress: Progress | None = None) -> Toolkit:
    """Downloads the toolkit of a CUDA release ("13.2") into the cache, unless it is there; returns it.

    ToolchainError if the platform has no CUDA, if the release is before 13.0 (its wheels hold no nvcc), or if the index
    has no such release or cannot be reached.
    """
    version = _version_prefix(cuda)
    if not sys.platform.startswith(("linux", "win")):
        raise ToolchainError("there is no CUDA compiler for this system; run this on Linux")
    if len(version) != 2 or version < (13, 0):
        raise ToolchainError(f"CUDA {cuda} cannot be had from PyPI: name a release from 13.0 on, as in --cuda 13.2")
    folder = toolkits_dir() / cuda
    with adding(folder) as part:
        if part is not None:
            _fill(part, cuda, progress)
    toolkit = describe(folder, "cuport cache")
    if toolkit is None or toolkit.problems:
        remove(folder)
        reason = toolkit.problems[0] if toolkit else "it holds no nvcc"
        raise ToolchainError(f"the toolkit that the index gave for CUDA {cuda} is not usable: {reason}")
    return toolkit


def remove_toolkit(cuda: str) -> None:
    """Deletes a toolkit from the cache. ToolchainError if it is not there."""
    folder = toolkits_dir() / cuda
    if not re.fullmatch(r"\d+\.\d+", cuda) or not folder.exists() or not remove(folder):
        raise ToolchainError(f"cuport has installed no CUDA toolkit {cuda}; `cuport toolchain list` shows what is here")


def _fill(part: Part, cuda: str, progress: Progress | None) -> None:
    with verify_extra():
        from .index import Index
        from .remote import extract

    index = Index()
    wheels = {}
    downloaded = 0
    for requirement in _components(index, cuda):
        wheel = _newest(index, requirement.name, requirement.specifier)
        place = _everything if requirement.name in WHOLE else _headers_only
        extracted = extract(index, wheel, place, part.root, progress)
        for member in extracted.members:
            part.record(member.path, member.size, member.crc)
        downloaded += extracted.downloaded
        wheels[requirement.name] = without_password(wheel.url)
    _add_links(part.root)
    part.facts.update(cuda=cuda, wheels=wheels, downloaded=downloaded)


def _components(index: Index, cuda: str) -> list[Requirement]:
    """The wheels that make the toolkit, at the versions that the `cuda-toolkit` package pins for the release."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from .remote import extract

    meta = _newest(index, "cuda-toolkit", SpecifierSet(f"=={cuda}.*"))
    with tempfile.TemporaryDirectory() as folder:
        extract(index, meta, lambda name: "METADATA" if name.endswith(".dist-info/METADATA") else None, Path(folder))
        lines = HeaderParser().parsestr(Path(folder, "METADATA").read_text(encoding="utf-8")).get_all("Requires-Dist") or []
    found: dict[str, Requirement] = {}
    for requirement in map(Requirement, lines):
        here = requirement.marker is None or requirement.marker.evaluate({"extra": "all"})
        if here and requirement.name in WHOLE | HEADERS:
            found.setdefault(requirement.name, requirement)
    major = cuda.partition(".")[0]
    return [*found.values(), Requirement(f"nvidia-cudnn-cu{major}")]  # <ATen/cudnn/...> includes cudnn.h; it has versions of its own


def _newest(index: Index, project: str, specifier) -> Wheel:
    """The newest wheel of a project that the specifier allows and that runs here."""
    from packaging.tags import sys_tags

    supported = {tag: rank for rank, tag in enumerate(sys_tags())}
    fitting = [
        wheel for wheel in index.wheels(project)
        if not wheel.yanked and specifier.contains(wheel.version, prereleases=False) and not wheel.tags.isdisjoint(supported)
    ]
    if not fitting:
        raise index.missing(f"wheel of {project}{specifier} for this machine", "try another --cuda, or check pip's index-url")
    return max(fitting, key=lambda wheel: (wheel.version, -min(supported.get(tag, len(supported)) for tag in wheel.tags)))


def _everything(name: str) -> str | None:
    """nvidia/cu13/bin/nvcc -> bin/nvcc; the wheels share that folder, so together they make one toolkit."""
    match = re.fullmatch(r"nvidia/cu\d+/(.+)", name)
    if not match or match[1].endswith((".py", ".pyc")) or match[1].rpartition("/")[2].startswith(UNUSED):
        return _license(name)
    return match[1]


def _headers_only(name: str) -> str | None:
    match = re.fullmatch(r"nvidia/[^/]+/(include/.+)", name)
    return match[1] if match and not match[1].endswith((".py", ".pyc")) else _license(name)


def _license(name: str) -> str | None:
    """NVIDIA's terms stay with the files."""
    match = re.fullmatch(r"([^/]+)\.dist-info/(?:licenses/)?(License\.txt)", name, re.IGNORECASE)
    return f"licenses/{match[1]}.txt" if match else None


def _add_links(root: Path) -> None:
    """libcudart.so -> libcudart.so.13, and lib64 -> lib, where they are missing."""
    for library in sorted(root.glob("lib/*.so.*")):
        link = library.with_name(library.name.partition(".so.")[0] + ".so")
        if not link.exists():
            link.symlink_to(library.name)
    if (root / "lib").is_dir() and not (root / "lib64").exists():
        (root / "lib64").symlink_to("lib")
