"""Which files of the project a source includes, read from the text.

Every ``#include`` is followed, also inside ``#if`` arms that are not taken: naming too many files costs a compile at
worst, naming too few would let a stale result pass for a fresh one. Files outside the project's own folders (torch,
CUDA, the system) are known by their release and are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include(?:_next)?[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>|([A-Za-z_]\w*))', re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
SOURCE_SUFFIXES = frozenset({".cu", ".cuh", ".cpp", ".cc", ".cxx", ".c", ".h", ".hpp", ".hh", ".hxx", ".inl", ".inc", ".tpp", ".ipp"})


@dataclass(frozen=True)
class Reach:
    """The files that a source reaches; `computed` when an include is a macro, so that no text can name them all."""

    files: tuple[Path, ...]
    computed: bool


def included_names(text: str) -> list[tuple[str, bool]]:
    """The names in a text's includes, each with whether it stands in quotes; a macro's name counts as ''."""
    bare = _COMMENT.sub(" ", text) if "/*" in text or "//" in text else text
    return [(m.group(1) or m.group(2) or "", bool(m.group(1))) for m in _INCLUDE.finditer(bare)]


def reach(source: Path, include_dirs: Sequence[Path]) -> Reach:
    """The source and every project file that it includes, directly or not, in a stable order."""
    seen: dict[Path, None] = {}
    computed = False
    waiting = [source.resolve()]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen[path] = None
        for name, quoted in included_names(read_text(path)):
            if not name:
                computed = True
                continue
            found = _locate(name, quoted, path.parent, include_dirs)
            if found is not None:
                waiting.append(found)
    return Reach(tuple(sorted(seen)), computed)


def included_by_others(sources: Iterable[Path], include_dirs: Sequence[Path] = ()) -> set[Path]:
    """Those of `sources` that another source or header pulls in: they are not units of their own."""
    every = [path.resolve() for path in sources]
    pulled: set[Path] = set()
    for path in every:
        for name, quoted in included_names(read_text(path)):
            found = _locate(name, quoted, path.parent, include_dirs) if name else None
            if found is not None and found != path:
                pulled.add(found)
    return pulled


def read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _locate(name: str, quoted: bool, folder: Path, include_dirs: Sequence[Path]) -> Path | None:
    places = ([folder] if quoted else []) + list(include_dirs)
    for place in places:
        candidate = place / name
        try:
            if candidate.is_file():
                return candidate.resolve()
        except OSError:
            continue
    return None
