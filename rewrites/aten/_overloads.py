"""Whether a signature of ATen takes the arguments of a call, as far as their kinds are known.

A signature is ``Tensor self, int[] size, float? scale=``: what ends in ``=`` has a default, what ends in ``?`` may be ``nullopt``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

TENSOR, NUMBER, NUMBERS, TEXT, TYPE, OPTIONS, NONE = "tensor", "number", "numbers", "text", "type", "options", "none"
_SCALARS = frozenset({"int", "float", "bool", "Scalar"})
_PLAIN = frozenset({*_SCALARS, "Tensor", "int[]", "float[]", "ScalarType", "Options", "str", "Generator", "Layout", "MemoryFormat"})
_TAKEN = {  # of the types above, what a kind converts to; all others take anything, as far as is known here
    TENSOR: {"Tensor"},
    NUMBER: {*_SCALARS, "int[]", "float[]", "Generator"},
    NUMBERS: {"int[]", "float[]"},
    TEXT: {"str", "bool"},
    TYPE: {"ScalarType", "Options"},
    OPTIONS: {"Options"},
    NONE: {"Generator"},
}
_KINDS = {"Tensor": TENSOR, **dict.fromkeys(_SCALARS, NUMBER), "int[]": NUMBERS, "float[]": NUMBERS, "str": TEXT, "ScalarType": TYPE, "Options": OPTIONS}


class Signature:
    def __init__(self, text: str):
        self.text = text

    @cached_property
    def parameters(self) -> list[tuple[str, str, bool]]:
        """Type, name, whether there is a default."""
        found = (re.fullmatch(r"(.*) (\w+)(=?)", part) for part in self.text.split(", ") if part)
        return [(match[1], match[2], bool(match[3])) for match in found if match is not None]

    @property
    def counts(self) -> range:
        """The numbers of arguments that it takes."""
        return range(sum(not default for _, _, default in self.parameters), len(self.parameters) + 1)

    def kinds(self, count: int) -> list[str | None]:
        """The kinds of arguments that certainly fit."""
        return [_KINDS.get(type.removesuffix("?")) for type, _, _ in self.parameters[:count]]

    @property
    def written(self) -> str:
        """``Tensor self, int[] size[, float? scale]``."""
        needed = [f"{type} {name}" for type, name, default in self.parameters if not default]
        given = [f"{type} {name}" for type, name, default in self.parameters if default]
        inner = ", ".join(given)
        return ", ".join(needed) + (f"[{', ' if needed else ''}{inner}]" if given else "")


def takes(signature: Signature, kinds: Sequence[str | None]) -> bool:
    """Whether a call with arguments of these kinds (None: unknown) may be one of this signature."""
    if len(kinds) not in signature.counts:
        return False
    return all(_accepts(type, kind) for (type, _, _), kind in zip(signature.parameters, kinds))


def _accepts(type: str, kind: str | None) -> bool:
    base = type.removesuffix("?")
    return kind is None or base not in _PLAIN or base in _TAKEN[kind] or (kind == NONE and type != base)
