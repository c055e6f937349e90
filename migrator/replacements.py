"""What became of the original's bytes over several passes of edits, and which changes did it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migrator.rewrite import Edit
from migrator.source import apply_edits


@dataclass(frozen=True)
class Replacement:
    """The bytes ``[start, end)`` of the original became ``text``. ``changes`` are indices in ``PlannedFile.applied``."""

    start: int
    end: int
    text: bytes
    changes: tuple[int, ...] = ()


def compose(earlier: Sequence[Replacement], data: bytes, edits: Iterable[tuple[Edit, tuple[int, ...]]]) -> tuple[Replacement, ...]:
    """The replacements after one more pass.

    ``earlier`` (sorted) made ``data`` out of the original; ``edits`` are of ``data``, must not overlap, and come with the changes that they
    belong to. What touches becomes one replacement.
    """
    spans: list[tuple[int, int, Edit | None, tuple[int, ...]]] = []  # in data
    shift = 0
    shifts: list[tuple[int, int]] = []  # (end in data, shift behind it)
    for old in earlier:
        start = old.start + shift
        shift += len(old.text) - (old.end - old.start)
        spans.append((start, start + len(old.text), None, old.changes))
        shifts.append((start + len(old.text), shift))
    spans += [(edit.start, edit.end, edit, changes) for edit, changes in edits]
    spans.sort(key=lambda s: (s[0], s[1]))
    result = []
    i = 0
    while i < len(spans):
        start, end, _, _ = spans[i]
        first = i
        while i < len(spans) and spans[i][0] <= end:
            end = max(end, spans[i][1])
            i += 1
        group = spans[first:i]
        text = apply_edits(data, (edit for _, _, edit, _ in group if edit is not None), start, end)
        before = bisect_left(shifts, (start, -(1 << 62)))  # replacements that end before this group
        behind = before + sum(1 for span in group if span[2] is None)
        changes = tuple(sorted({c for span in group for c in span[3]}))
        result.append(Replacement(start - _shift(shifts, before), end - _shift(shifts, behind), text, changes))
    return tuple(result)


def _shift(shifts: Sequence[tuple[int, int]], count: int) -> int:
    return shifts[count - 1][1] if count else 0
