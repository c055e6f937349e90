"""Which folders of a tree are other people's: git submodules, folders named third_party, and copies of CUB.

Those are left alone unless they are asked for: by ``--third-party``, by naming the folder itself, or because there is nothing else in C++
or CUDA. A folder under third_party that a build file of a torch extension compiles from (its own ``setup.py`` or the project's) is part of
what has to be ported, and is; a submodule is a repository of its own, and is not. CUB comes with CUDA since 11.0: an older copy does not
compile with CUDA 13, and half of a library under its new names would be no library.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from migrator.source import CPP_SUFFIXES

THIRD_PARTY = frozenset({"third_party", "third-party", "thirdparty", "3rdparty"})


@dataclass(frozen=True)
class Aside:
    """A folder that was not read, how many C++ and CUDA files it holds, and whether it is a repository of its own."""

    path: Path
    count: int
    is_repository: bool


def is_foreign(folder: Path, root: Path) -> bool:
    """Whether a folder below ``root`` holds another project. A repository in a folder of repositories (no checkout around it) is none."""
    return folder.name.lower() in THIRD_PARTY or is_cub(folder) or _is_submodule(folder, root)


def is_cub(folder: Path) -> bool:
    """Whether a folder is a copy of CUB (``cub``), or of its repository (``cub-1.8.0``, which holds one)."""
    if not folder.name.lower().startswith(("cub", "nvidia-cub")):
        return False
    return any((each / "cub.cuh").is_file() and (each / "util_namespace.cuh").is_file() for each in (folder, folder / "cub"))


def told_apart(root: Path, others: list[Path], has_own: bool) -> tuple[list[Path], list[Aside]]:
    """Of the foreign folders below ``root``: those to port after all, and those that are left aside (only such as hold C++ or CUDA).

    ``has_own`` says whether the rest of the tree holds any C++ or CUDA.
    """
    ported: list[Path] = []
    aside: list[Aside] = []
    compiled: list[Path] | None = None
    for folder in others:
        submodules: list[Path] = []
        count = _count(folder, root, submodules)
        aside += [Aside(each, n, True) for each in submodules if (n := _count(each, root, None))]
        if not count:
            continue
        if not has_own:
            ported.append(folder)
            continue
        if compiled is None:
            compiled = _compiled_folders(root)
        wanted = [each for each in compiled if each.is_relative_to(folder)]
        if folder in wanted:
            ported.append(folder)
            continue
        ported += wanted
        rest = count - sum(_count(each, root, []) for each in wanted)
        if rest:
            aside.append(Aside(folder, rest, False))
    return [each for each in ported if not any(each != other and each.is_relative_to(other) for other in ported)], aside


def _is_submodule(folder: Path, root: Path) -> bool:
    if not os.path.lexists(folder / ".git"):
        return False
    real = root.resolve()
    return any(os.path.lexists(each / ".git") for each in (real, *real.parents))


def _count(folder: Path, root: Path, submodules: list[Path] | None) -> int:
    """The C++ and CUDA files under a folder, without those of submodules, which are added to ``submodules`` (None: counted as well)."""
    if submodules is not None and _is_submodule(folder, root):
        submodules.append(folder)
        return 0
    count = 0
    for place, names, files in os.walk(folder):
        if submodules is not None:
            inner = [n for n in names if _is_submodule(Path(place, n), root)]
            submodules += [Path(place, n) for n in inner]
            names[:] = [n for n in names if n not in inner]
        count += sum(os.path.splitext(name)[1].lower() in CPP_SUFFIXES for name in files)
    return count


def _compiled_folders(root: Path) -> list[Path]:
    """The folders below third_party that torch extensions are compiled from: the part below third_party that holds a source."""
    from migrator.verify.units import extension_sources

    found: dict[Path, None] = {}
    for source in extension_sources(root):
        parts = source.relative_to(root).parts
        at = next((i for i, part in enumerate(parts) if part.lower() in THIRD_PARTY), None)
        if at is not None:
            folder = Path(root, *parts[: at + 2])
            found.setdefault(folder if folder.is_dir() else folder.parent)
    return list(found)
