"""Paths as reports write them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote


def relative(path: Path) -> str:
    """The path from the current folder, with ``/``; a path outside it from the root, without the first ``/``."""
    try:
        result = os.path.relpath(path)
    except ValueError:
        result = str(path)
    return str(path).lstrip("/") if result.startswith("..") else result.replace(os.sep, "/")


def shown(path: Path) -> str:
    """A path for messages: from the current folder, or as it is where it lies outside; control characters escaped."""
    name = relative(path)
    if path.is_absolute() and name == str(path).lstrip("/"):
        name = str(path)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)


def quoted(name: str) -> str:
    """A name as git writes it in a diff: as it is, or quoted as in C where it holds a quote, a backslash or a control character."""
    if not any(c in '"\\' or ord(c) < 32 or ord(c) == 127 for c in name):
        return name
    return '"' + "".join(f"\\{c}" if c in '"\\' else f"\\{ord(c):03o}" if ord(c) < 32 or ord(c) == 127 else c for c in name) + '"'


def uri(path: Path) -> str:
    """A relative path as a URI reference: every byte that is not plain is percent-encoded."""
    return quote(os.fsencode(relative(path)), safe="/-._~")
