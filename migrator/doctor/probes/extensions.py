"""Built extension modules below a folder, read from the files with readelf and nm; none is imported."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .run import output

MOST = 20
MOST_READ = 200
_TAG = re.compile(r"\.(?:cpython-|cp)(\d)(\d+)m?d?-")
_OWN = re.compile(r"_Z(?:T[ISV])?NK?(?:3c10|2at|5torch)")
_TH = re.compile(r"TH(?:C|CUDA|Cuda|Float|Double|Long|Int|Byte)\w*(?:Tensor|State|Storage|Blas)\w*_\w+")
_SYSTEM = re.compile(r"lib(?:torch|c10|cu|nv|c\.|m\.|stdc\+\+|gcc_s|pthread|dl|rt|gomp|python)|ld-linux")


def python_of(path: str) -> str | None:
    """The Python that the file name states, as "3.11"; None where it states none (or the stable ABI)."""
    match = _TAG.search(os.path.basename(path))
    return f"{match[1]}.{match[2]}" if match else None


def extensions(folder: Path, torch_folder: str | None) -> list[dict[str, Any]]:
    """Those that are linked with torch, or call its C functions of before 1.0 (torch.utils.ffi).

    ``needed``: the libraries they ask for; ``old_strings``, ``new_strings``: which C++ string ABI their torch symbols have; ``missing``: up
    to three torch symbols that this torch's libraries do not export; ``python2``: a module of Python 2; ``th``: a function of TH, THC
    that is called.
    """
    names = [path for path in _walk(folder) if path.suffix in (".so", ".pyd")]
    if sys.platform != "linux" or not shutil.which("readelf") or not shutil.which("nm"):
        return [_unread(path) for path in names if path.name.startswith("_C") and python_of(path.name)][:MOST]
    found = [each for path in names[:MOST_READ] if (each := _linked(path))][:MOST]
    exported = _exported(torch_folder) if any(needed for _, needed, _ in found) else frozenset()
    return [_read(*each, exported) for each in found]


def _linked(path: Path) -> tuple[Path, list[str], list[str]] | None:
    """The file, what it needs, and its undefined symbols; None where it has nothing to do with torch."""
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output(["readelf", "-d", str(path)]))
    undefined = _symbols("--undefined-only", path)
    torch = any(each.startswith(("libtorch", "libc10", "libcaffe2", "libATen")) for each in needed) or any(map(_TH.match, undefined))
    return (path, needed, undefined) if torch else None


def _read(path: Path, needed: list[str], undefined: list[str], exported: frozenset[str]) -> dict[str, Any]:
    wanted = [each for each in undefined if _OWN.match(each)]
    here = {library for library in needed if library.startswith(("libtorch", "libc10"))}
    alone = all(map(_SYSTEM.match, needed))  # another project's libraries may define symbols in torch's name spaces
    missing = [each for each in wanted if each not in exported] if exported and here and alone else []
    python2 = "init" + path.name.partition(".")[0]
    return {
        "path": str(path),
        "needed": needed,
        "old_strings": any(re.search(r"(?:RK|R|N|E)Ss(?:$|[A-Z])", each) for each in wanted),
        "new_strings": any("__cxx11" in each for each in wanted),
        "missing": missing[:3],
        "python2": python2 in _symbols("--defined-only", path),
        "th": next(filter(_TH.match, undefined), None),
    }


def _unread(path: Path) -> dict[str, Any]:
    return {"path": str(path), "needed": [], "old_strings": False, "new_strings": False, "missing": [], "python2": False, "th": None}


def _exported(torch_folder: str | None) -> frozenset[str]:
    folder = Path(torch_folder or "", "lib")
    libraries = [*folder.glob("libtorch*.so"), *folder.glob("libc10*.so")] if torch_folder else []
    return frozenset(each for library in libraries for each in _symbols("--defined-only", library))


def _symbols(which: str, path: Path) -> list[str]:
    """Names; what may stay undefined (weak) is left out of the undefined ones."""
    lines = [line.split() for line in output(["nm", "-D", which, str(path)]).splitlines()]
    return [words[-1].partition("@")[0] for words in lines if len(words) > 1 and words[-2] not in "wv"]


def _walk(folder: Path) -> Iterator[Path]:
    top = len(folder.parts)
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(
            each
            for each in folders
            if each not in (".git", "node_modules", "site-packages")
            and not Path(root, each, "pyvenv.cfg").exists()
            and len(Path(root).parts) - top < 6
        )
        yield from (Path(root, each) for each in sorted(files))
