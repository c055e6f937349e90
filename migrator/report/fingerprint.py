"""The fingerprint by which GitHub knows a result again when lines move: ``primaryLocationLineHash`` of SARIF.

It is what github/codeql-action computes where a report has none (its fingerprints.ts): the characters from the start of a line on, without
blanks and tabs, one hundred of them, as digits of a number to the base 37, modulo 2**64; and the how-manieth such line of the file it is.
"""

from __future__ import annotations

import re
from functools import cached_property

LENGTH, BASE = 100, 37
_END = "\uffff" + "\0" * LENGTH


class Fingerprints:
    """The fingerprints of the lines of one file. ``data`` are its bytes."""

    def __init__(self, data: bytes):
        self.data = data

    @cached_property
    def _lines(self) -> list[str]:
        """What each line is known by."""
        text = re.sub("[ \t]", "", self.data.decode("utf-8", "replace").replace("\r\n", "\n")) + _END
        starts = [0, *(m.end() for m in re.finditer("\n", text))]
        return [text[start : start + LENGTH] for start in starts]

    @cached_property
    def _occurrences(self) -> list[int]:
        seen: dict[str, int] = {}
        result = []
        for line in self._lines:
            seen[line] = seen.get(line, 0) + 1
            result.append(seen[line])
        return result

    def of(self, line: int) -> str | None:
        """The fingerprint of a line (from 1). None where GitHub counts other lines: in a file with a lone CR."""
        if re.search(rb"\r(?!\n)", self.data) or not 1 <= line <= len(self._lines):
            return None
        number = 0
        for unit in _units(self._lines[line - 1]):
            number = (number * BASE + unit) & 0xFFFFFFFFFFFFFFFF
        return f"{number:x}:{self._occurrences[line - 1]}"


def _units(text: str) -> list[int]:
    """The UTF-16 code units of a text, which is what JavaScript counts."""
    data = text.encode("utf-16-le", "surrogatepass")
    return [int.from_bytes(data[i : i + 2], "little") for i in range(0, len(data), 2)][:LENGTH]
