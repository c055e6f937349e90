"""Lines of a file as git counts them, and where replacements fall in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from migrator.planned import PlannedFile


def git_lines(data: bytes) -> list[str]:
    """Lines with their ends; only ``\\n`` ends one. Bytes that are not UTF-8 become surrogates."""
    parts = data.split(b"\n")
    lines = [p + b"\n" for p in parts[:-1]]
    if parts[-1]:
        lines.append(parts[-1])
    return [line.decode("utf-8", "surrogateescape") for line in lines]


class Positions:
    """Lines and columns (both from 1, columns in characters) of the byte offsets of a text."""

    def __init__(self, data: bytes):
        self.data = data

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        at = self.data.find(b"\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.data.find(b"\n", at + 1)
        return starts

    def line(self, offset: int) -> int:
        return bisect_right(self._starts, offset)

    def column(self, offset: int) -> int:
        start = self._starts[self.line(offset) - 1]
        return len(self.data[start:offset].decode("utf-8", "surrogateescape")) + 1


@dataclass(frozen=True)
class Touched:
    """Lines ``[first, last]`` of the original, and the rules whose changes touched them."""

    first: int
    last: int
    rules: tuple[str, ...]


def touched(file: PlannedFile) -> list[Touched]:
    """Where the rules touched the original, from the top down. An insertion touches the line that it stands before and the one above."""
    positions = Positions(file.before)
    result = []
    for r in file.replacements:
        rules = tuple(dict.fromkeys(file.applied[c].rule for c in r.changes))
        first = positions.line(r.start)
        at_line_start = r.start == 0 or file.before[r.start - 1 : r.start] == b"\n"
        last = positions.line(max(r.start, r.end - 1))
        result.append(Touched(max(1, first - 1) if r.start == r.end and at_line_start else first, last, rules))
    return result


def rules_between(spans: list[Touched], first: int, last: int) -> Iterator[str]:
    """The rules that touched any of the lines ``[first, last]``, each once, in the order of the file."""
    seen: set[str] = set()
    for span in spans:
        if span.first <= last and first <= span.last:
            for rule in span.rules:
                if rule not in seen:
                    seen.add(rule)
                    yield rule
