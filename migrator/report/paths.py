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
    """A path for messages: control characters escaped."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in relative(path))


def uri(path: Path) -> str:
    """A relative path as a URI reference: every byte that is not plain is percent-encoded."""
    return quote(os.fsencode(relative(path)), safe="/-._~")
