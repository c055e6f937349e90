"""Which rewrites of the catalogue change the line that failed."""

from __future__ import annotations

import re
from typing import Any

from .scan import Event

_NAMED = (
    re.compile(
        r"'(?:\w+::)*(\w+)' (?:was not declared in this scope|has not been declared|is not a member of|undeclared|在此作用域中尚未声明)"
    ),
    re.compile(r"use of undeclared identifier '(\w+)'|no member named '(\w+)' in"),
    re.compile(r'identifier "(\w+)" is undefined|has no member "(\w+)"'),
    re.compile(r"""["'](\w+)["']: (?:identifier not found|undeclared identifier|找不到标识符|未声明的标识符)"""),
    re.compile(r"unknown type name '(\w+)'|'(\w+)' does not name a type"),
)
_LEGACY = re.compile(
    r"TH[A-Z]?\w*_?|AT_\w+|C10_\w+|CAFFE2_\w+|JIT_\w+|cudaThread\w+|PyInt_\w+|Auto(?:No)?GIL|ScalarConvert|\w+Generator|ATenCeilDiv"
)


def name_in(text: str) -> str | None:
    """The name that the compiler did not know."""
    for pattern in _NAMED:
        match = pattern.search(text)
        if match:
            return next(group for group in match.groups() if group)
    return None


def rewrites_for(event: Event, catalogue: Any) -> list[Any]:
    """The rewrites that the signature names; without a signature, those whose own word is the unknown name."""
    if event.signature is not None:
        return [known for id_ in event.signature.rewrites if (known := catalogue.by_id(id_)) is not None]
    name = name_in(event.text)
    if name is None or not _LEGACY.fullmatch(name):  # Max or Sum may be anybody's
        return []
    found = [known for known in catalogue.rewrites if name in known.triggers and known.id != "removed-api" and known.language == "c++"]
    return sorted(found, key=lambda known: len(known.triggers))[:3]
