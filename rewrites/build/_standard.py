"""Which ``-std`` torch passes by itself, and which it rejects."""

from __future__ import annotations

import re

from migrator import releases

_NAMES = {"98": 98, "03": 98, "0x": 11, "11": 11, "1y": 14, "14": 14, "1z": 17, "17": 17, "2a": 20, "20": 20, "2b": 23, "23": 23}
FLAG = re.compile(r"(?:(?:-Xcompiler=)?--?std=|/std:)(?:(?:c|gnu)\+\+(\w+)|((?:c|gnu)\d\w))")
VALUE = re.compile(r"(?:c|gnu)\+\+(\w+)")
ANYWHERE = re.compile(r"(?<![\w-])(?:--?std[= ]|/std:)(?:(?:c|gnu)\+\+\w+)")


def passed(release) -> int:
    """The standard that ``torch.utils.cpp_extension`` of a release passes where the user gave none."""
    for first, standard in (("2.12", 20), ("2.0", 17), ("1.5", 14)):
        if release >= releases.parse(first):
            return standard
    return 11


def required(release) -> int:
    """The oldest standard that a release's headers compile with."""
    for first, standard in (("2.14", 20), ("2.1", 17), ("1.5", 14)):
        if release >= releases.parse(first):
            return standard
    return 11


def number(name: str | None) -> int:
    """14 for "14" and "1y"; 0 for a C standard, which torch takes for a C++ one."""
    return 0 if name is None else _order(_NAMES.get(name, 99))


def _order(standard: int) -> int:
    return 3 if standard == 98 else standard


def drop(tokens: list, standard_wanted) -> set[int]:
    """The indices of ``-std`` flags whose standard ``standard_wanted`` says is to go."""
    gone: set[int] = set()
    for i, token in enumerate(tokens):
        if token is None:
            continue
        match = FLAG.fullmatch(token)
        if match is not None and standard_wanted(number(match.group(1))):
            gone.add(i)
            if i and tokens[i - 1] in ("-Xcompiler", "--compiler-options"):
                gone.add(i - 1)
        elif token in ("-std", "--std") and i + 1 < len(tokens) and tokens[i + 1] is not None:
            match = VALUE.fullmatch(tokens[i + 1])
            if match is not None and standard_wanted(number(match.group(1))):
                gone |= {i, i + 1}
    return gone
