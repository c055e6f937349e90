"""GPU architectures named in flags for nvcc, and which of them an nvcc still has."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?:compute|sm|lto)_(\d+)[a-z]?")
_PAIR = re.compile(
    r"""["']?arch=compute_\d+[a-z]?(?:,code=(?:\[[^\]\s]*\]|["\\]*(?:sm|compute|lto)_\d+[a-z]?(?:,(?:sm|compute)_\d+)*["\\]*))?["']?"""
)
_LONG = ("-gencode", "--generate-code")
_SHORT = ("-arch", "--gpu-architecture", "-code", "--gpu-code")


def oldest(cuda: tuple) -> int:
    """The oldest architecture (75 for 7.5) that the nvcc of a CUDA release compiles for."""
    major = cuda[0]
    return 75 if major >= 13 else 50 if major == 12 else 35 if major == 11 else 30 if major == 10 else 20


def too_old(text: str, floor: int) -> bool:
    numbers = [int(n) for n in _NUMBER.findall(text)]
    return bool(numbers) and min(numbers) < floor


def drop(tokens: list, floor: int) -> set[int]:
    """The indices of the flags for architectures below ``floor``."""
    gone: set[int] = set()
    for i, token in enumerate(tokens):
        if token is None:
            continue
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        name, equals, value = token.partition("=")
        if name in _LONG and equals and _PAIR.fullmatch(value) and too_old(value, floor):
            gone.add(i)
        elif token in _LONG and following is not None and _PAIR.fullmatch(following) and too_old(following, floor):
            gone |= {i, i + 1}
        elif name in _SHORT and equals and _NUMBER.fullmatch(value) and too_old(value, floor):
            gone.add(i)
        elif token in _SHORT and following is not None and _NUMBER.fullmatch(following) and too_old(following, floor):
            gone |= {i, i + 1}
    return gone


def names(tokens: list, indices) -> list[int]:
    return [int(n) for i in sorted(indices) if tokens[i] is not None for n in _NUMBER.findall(tokens[i])]


def named(tokens: list) -> set[int]:
    """The indices of all words that name an architecture."""
    return {i for i, t in enumerate(tokens) if t is not None and _NUMBER.search(t)}
