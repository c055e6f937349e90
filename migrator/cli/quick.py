"""The short way through ``cuport migrate``: files that hold no word of any rewrite need no engine, which costs more to import than to run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from migrator.source import BETWEEN_WORDS, language_of

_MOST_BYTES = 1 << 20


def nothing_to_do(paths: Iterable[Path], words: Mapping[str, frozenset[bytes]], is_configured: bool) -> int | None:
    """How many files were read, where all paths are plain files that no rewrite can change; None where that takes a closer look.

    ``words`` are the trigger words of all rewrites by language, ``is_configured`` whether a configuration file is to be read.
    """
    seen = set()
    for path in paths:
        try:
            if path.is_symlink() or not path.is_file() or path.suffix == ".ipynb" or path.stat().st_size > _MOST_BYTES:
                return None
            data = path.read_bytes()
            real = os.path.realpath(path)
        except OSError:
            return None
        if b"\0" in data or b"cuport" in data or not words[language_of(path)].isdisjoint(data.translate(BETWEEN_WORDS).split()):
            return None
        if real not in seen and _has_records_or_configuration(os.path.dirname(real), is_configured):
            return None
        seen.add(real)
    return len(seen) or None


def _has_records_or_configuration(folder: str, is_configured: bool) -> bool:
    """Whether a folder, or one above it, may hold a run that did not end, or a configuration of cuport."""
    while True:
        try:
            if any(name.endswith(".pending") for name in os.listdir(os.path.join(folder, ".cuport", "undo"))):
                return True
        except OSError:
            pass
        if is_configured:
            if os.path.exists(os.path.join(folder, "cuport.toml")):
                return True
            try:
                with open(os.path.join(folder, "pyproject.toml"), "rb") as file:
                    if b"cuport" in file.read():
                        return True
            except OSError:
                pass
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
