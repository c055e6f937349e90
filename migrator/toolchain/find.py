"""Which CUDA toolkits are on this machine."""
from __future__ import annotations

import os
import re
import shutil
import site
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .cache import toolkits_dir
from .errors import ToolchainError
from .store import entries
from .toolkit import Toolkit, describe


def find_toolkits(packages: Iterable[Path] = ()) -> list[Toolkit]:
    """Every toolkit found, in the order in which torch.utils.cpp_extension would take them, then those that it does not know of.

    `packages`: site-packages folders of another interpreter than this one, to be looked into first.

    torch: CUDA_HOME, CUDA_PATH, nvcc on PATH, /usr/local/cuda. After them: other /usr/local/cuda-*, conda, the nvidia/cu1x folders
    of pip packages, cuport's own cache. A folder reached twice is listed once. Unusable ones are listed too, with `problems`.
    """
    found: dict[Path, Toolkit] = {}
    for root, origin in _places(packages):
        real = root.resolve()
        if real not in found:
            toolkit = describe(root, origin)
            if toolkit:
                found[real] = toolkit
    return list(found.values())


def usable_toolkit(cuda: str | None = None) -> Toolkit:
    """The first toolkit that torch extensions compile with; with `cuda` ("13", "13.2"), the first of that version.

    What pip installed for torch has not all headers that extensions include; cuport's own of that version goes before it where it has them.
    ToolchainError says what is wrong with each of them, and `cuport toolchain install`.
    """
    wanted = _version_prefix(cuda)
    toolkits = [toolkit for toolkit in find_toolkits() if toolkit.version[: len(wanted)] == wanted]
    usable = [toolkit for toolkit in toolkits if not toolkit.problems]
    if usable and usable[0].origin == "pip" and not _is_whole(usable[0]):
        own = (t for t in usable if t.origin == "cuport cache" and t.version == usable[0].version and _is_whole(t))
        return next(own, usable[0])
    if usable:
        return usable[0]
    version = f" {cuda}" if cuda else ""
    install = f"run `cuport toolchain install{' --cuda ' + cuda if cuda else ''}`"
    if not toolkits:
        raise ToolchainError(f"there is no CUDA toolkit{version} here; {install}")
    reasons = "; ".join(f"{toolkit.root}: {toolkit.problems[0]}" for toolkit in toolkits)
    raise ToolchainError(f"no CUDA toolkit{version} here can compile for torch ({reasons}); {install}")


def _is_whole(toolkit: Toolkit) -> bool:
    """Whether a toolkit has the headers that extensions include and torch's own do not."""
    return all(any((folder / header).exists() for folder in toolkit.include_dirs) for header in _OF_EXTENSIONS)


_OF_EXTENSIONS = ("curand_kernel.h", "cuda_profiler_api.h")


def _version_prefix(cuda: str | None) -> tuple[int, ...]:
    if cuda is None:
        return ()
    if not re.fullmatch(r"\d+(\.\d+)?", cuda):
        raise ToolchainError(f"{cuda!r} is not a CUDA version; write it as 13 or 13.2")
    return tuple(int(part) for part in cuda.split("."))


def _places(others: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]), variable
    nvcc = shutil.which("nvcc")
    if nvcc:
        yield Path(nvcc).absolute().parent.parent, "PATH"
    yield Path("/usr/local/cuda"), "/usr/local"
    for folder in sorted(Path("/usr/local").glob("cuda-*"), reverse=True):
        yield folder, "/usr/local"
    if os.environ.get("CONDA_PREFIX"):
        yield Path(os.environ["CONDA_PREFIX"]), "conda"
    for packages in dict.fromkeys([*others, *sys.path, *site.getsitepackages(), site.getusersitepackages()]):
        for folder in sorted(Path(packages or ".").glob("nvidia/cu1[0-9]"), reverse=True):
            yield folder, "pip"
    try:
        installed = entries(toolkits_dir())
    except ToolchainError:  # without the extra `verify`, cuport has installed nothing
        installed = []
    for folder in reversed(installed):
        yield folder, "cuport cache"
