"""The knowledge of what left PyTorch and CUDA: one module a rewrite. No engine code."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.engine import Catalogue
    from migrator.rewrite import Rewrite


_REMEMBERING = ("build", "autograd")  # groups whose rewrites speak with each other of new files, renames and classes


@cache
def catalogue() -> Catalogue:
    """Every rewrite, in the order of their ids, and what is known of headers."""
    from migrator.engine import Catalogue
    from rewrites.guards import GUARDS
    from rewrites.headers import KNOWLEDGE
    from rewrites.macros import known_macros

    found: list[Rewrite] = []
    root = Path(__file__).parent
    for path in sorted(root.glob("*/*.py")):
        if path.name.startswith("_"):
            continue
        module = import_module(f"rewrites.{path.parent.name}.{path.stem}")
        for each in [module.rewrite] if hasattr(module, "rewrite") else getattr(module, "rewrites", []):
            each.group = path.parent.name
            each.remembers = each.remembers or each.group in _REMEMBERING
            each.link = each.link or _notes(each)
            found.append(each)
    return Catalogue(tuple(sorted(found, key=lambda r: r.id)), KNOWLEDGE, known_macros, GUARDS)


def trigger_words() -> dict[str, frozenset[bytes]]:
    """The trigger words of the rewrites that run by default, by language, as ``tools/rewrite_docs.py`` wrote them down."""
    lines = (line.split() for line in (Path(__file__).parent / "triggers.txt").read_bytes().splitlines())
    return {language.decode(): frozenset(words) for language, *words in lines}


def main() -> None:
    """The ``cuport`` command."""
    try:
        from migrator.cli import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # nothing has begun
    run(catalogue, trigger_words)


def _notes(rewrite: Rewrite) -> str:
    """The notes of the torch release that took the old form away or said that it will go."""
    release = rewrite.removed_in or rewrite.deprecated_in
    return f"https://github.com/pytorch/pytorch/releases/tag/v{release}.0" if release and rewrite.group in ("aten", "thc", "ffi") else ""
