"""cuport's engine: parses C++, CUDA and Python sources, applies rewrites, proves the result. Knows nothing of PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.config import Config
    from migrator.library import PlanError, Written, apply, plan
    from migrator.planned import Plan, PlannedFile

__version__ = "0.1.0"
__all__ = ["Config", "Plan", "PlanError", "PlannedFile", "Written", "__version__", "apply", "plan"]

_HOMES = {"Config": "config", "Plan": "planned", "PlannedFile": "planned"}


def __getattr__(name: str) -> object:
    """The public names, imported when they are asked for: `cuport --version` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module 'migrator' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"migrator.{_HOMES.get(name, 'library')}"), name)
