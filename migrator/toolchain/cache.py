"""Where cuport keeps what it downloads.

`CUPORT_CACHE` names the folder; without it, it is the one that the platform gives for caches (platformdirs).
Nothing else on the machine is written to.
"""
from __future__ import annotations

import os
from pathlib import Path

from .errors import verify_extra


def cache_root() -> Path:
    """The folder of cuport's cache. It need not exist yet."""
    named = os.environ.get("CUPORT_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    with verify_extra():
        from platformdirs import user_cache_path

    return user_cache_path("cuport", appauthor=False)


def toolkits_dir() -> Path:
    return cache_root() / "toolkits"


def headers_dir() -> Path:
    return cache_root() / "headers"


def pybind11_dir() -> Path:
    return cache_root() / "pybind11"
