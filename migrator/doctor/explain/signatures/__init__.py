"""What is known of failures. Each module here has a tuple SIGNATURES; a new symptom is an entry or one more module."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from ..signature import Signature


@cache
def signatures() -> tuple[Signature, ...]:
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(each for name in names for each in import_module(f"{__name__}.{name}").SIGNATURES)
