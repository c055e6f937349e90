"""Lines of a file as git counts them, and where replacements fall in them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from operator import attrgetter

from migrator.planned import PlannedFile
from migrator.rewrite import Edit
from migrator.source import apply_edits

_LONG = 2000  # lines


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


def _first_that_ends_behind(spans: list[Touched], line: int) -> int:
    """The number of the first span that may end at a line or behind it; they are in the order of the file, and do not overlap."""
    return max(0, bisect_right(spans, line, key=attrgetter("last")) - 2)


def rules_between(spans: list[Touched], first: int, last: int) -> Iterator[str]:
    """The rules that touched any of the lines ``[first, last]``, each once, in the order of the file."""
    seen: set[str] = set()
    for span in spans[_first_that_ends_behind(spans, first) :]:
        if span.first > last + 1:
            break
        if span.first <= last and first <= span.last:
            for rule in span.rules:
                if rule not in seen:
                    seen.add(rule)
                    yield rule


def changed_blocks(file: PlannedFile) -> Iterator[tuple[int, int, list[str]]]:
    """The lines ``[first, last)`` (from 0) of the original that change, and what they become, by the replacements: linear in the file."""
    data, starts = file.before, [0]
    starts += [i + 1 for i, byte in enumerate(data) if byte == 10]
    if starts[-1] != len(data):
        starts.append(len(data))
    lines = len(starts) - 1
    blocks: list[list[int]] = []  # first line, line behind the last, and the replacements [from, to)
    for number, r in enumerate(file.replacements):
        first = min(bisect_right(starts, r.start) - 1, lines)
        last = min(bisect_right(starts, max(r.start, r.end - 1)), lines)
        if r.end > r.start and not r.text.endswith(b"\n") and r.end in (starts[last], len(data)):
            last = min(last + 1, lines)  # the end of a line went: the next one is joined to it
        if blocks and first <= blocks[-1][1]:
            blocks[-1][1], blocks[-1][3] = max(blocks[-1][1], last), number + 1
        else:
            blocks.append([first, last, number, number + 1])
    for first, last, one, behind in blocks:
        edits = [Edit(r.start, r.end, r.text) for r in file.replacements[one:behind]]
        yield first, last, git_lines(apply_edits(data, edits, starts[first], starts[last]))


def opcodes(file: PlannedFile, before: list[str], after: list[str]) -> SequenceMatcher[str]:
    """A matcher of the lines of a file. Of a long one the replacements say what is equal: to look for that takes the square of its length."""
    matcher = SequenceMatcher(None, before, after)
    if len(before) < _LONG or not file.replacements:
        return matcher
    found: list[tuple[str, int, int, int, int]] = []
    old = new = 0
    for first, last, made in changed_blocks(file):
        if first > old:
            found.append(("equal", old, first, new, new + first - old))
            new += first - old
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, before[first:last], made, autojunk=False).get_opcodes():
            if tag == "equal" and found and found[-1][0] == "equal":
                _, o1, _, n1, _ = found.pop()
                found.append(("equal", o1, first + i2, n1, new + j2))
            else:
                found.append((tag, first + i1, first + i2, new + j1, new + j2))
        old, new = last, new + len(made)
    if old < len(before):
        found.append(("equal", old, len(before), new, new + len(before) - old))
    merged: list[tuple[str, int, int, int, int]] = []
    for code in found:
        if merged and merged[-1][0] == code[0] == "equal":
            code = ("equal", merged[-1][1], code[2], merged[-1][3], code[4])
            merged.pop()
        merged.append(code)
    if all(before[i1:i2] == after[j1:j2] for tag, i1, i2, j1, j2 in merged if tag == "equal") and merged and merged[-1][4] == len(after):
        matcher.opcodes = merged  # type: ignore[attr-defined]
    return matcher
