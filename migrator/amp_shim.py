"""The module that ``cuport amp-shim`` writes into a project: mixed precision on every torch from 1.6 on."""

from __future__ import annotations

from importlib.resources import files

MODULE = "amp_compat"
NAMES = ("GradScaler", "autocast", "custom_bwd", "custom_fwd")  # what it gives


def source() -> bytes:
    """The text of the module."""
    return files("migrator").joinpath("data", f"{MODULE}.py").read_bytes()
