"""The answer "e" of ``--interactive``: a hunk of the diff in the person's editor, as ``git add -p`` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import click

from migrator.notebook import NotANotebook, Notebook
from migrator.planned import Plan, PlannedFile
from migrator.python import Module, NotPython3
from migrator.replacements import compose
from migrator.rewrite import Edit
from migrator.source import SourceFile, language_of
from migrator.syntax import parse_tree

GUIDE = b"""\
# Write what the lines with a + in front should be. To keep a line that has a -, put a blank in its place; to leave out a line
# that has a +, delete it. All other lines have to stay as they are; these that start with # are left out.
# Where no line is left, the change is asked about once more.
"""


class NotAHunk(Exception):
    """What came back from the editor cannot be used; the message is one line that says why."""


@dataclass(frozen=True)
class Edited:
    """A hunk as a person wants it: its file, its lines in the diff, and the bytes that take the place of its new side."""

    real: Path
    text: tuple[str, ...]
    new: bytes

    @property
    def lines(self) -> range:
        """The lines of the original that it is about."""
        return old_lines(self.text)


def old_lines(text: tuple[str, ...]) -> range:
    """The lines of the original (from 1) that a hunk shows."""
    first, count = _numbers(text[0].split()[1])
    return range(first, first + count)


def sides(text: bytes) -> tuple[bytes, bytes]:
    """The old and the new lines that a hunk says. Raises NotAHunk."""
    old: list[bytes] = []
    new: list[bytes] = []
    last: tuple[list[bytes], ...] = ()
    for number, line in enumerate(text.split(b"\n")[: -1 if text.endswith(b"\n") else None], 1):
        mark = line[:1]
        if mark == b"\\":  # no newline at the end of the file
            for side in last:
                side[-1] = side[-1].removesuffix(b"\n")
            continue
        if mark == b"#" or line.startswith(b"@@ "):
            continue
        if mark not in (b"", b" ", b"\r", b"-", b"+"):
            raise NotAHunk(f"line {number} starts with neither +, - nor a blank")
        last = (old,) if mark == b"-" else (new,) if mark == b"+" else (old, new)
        for side in last:
            side.append((line if mark in (b"", b"\r") else line[1:]) + b"\n")
    return b"".join(old), b"".join(new)


def edit(file: PlannedFile, text: tuple[str, ...]) -> bytes | None:
    """The new side of a hunk of a file, after the person's editor. None where nothing was saved, or nothing left. Raises NotAHunk."""
    given = "".join(text).encode("utf-8", "surrogateescape")
    try:
        edited = click.edit(given + GUIDE, extension=".diff")  # type: ignore[call-overload]  # bytes stay bytes, line ends and all
    except click.ClickException as error:
        raise NotAHunk(f"{error.format_message()}; VISUAL or EDITOR names the editor") from None
    if edited is None or not any(not line.startswith((b"#", b"@@ ")) for line in edited.splitlines() if line.strip()):
        return None
    before, _ = sides(given)
    old, new = sides(edited)
    if before and before.count(b"\r\n") == before.count(b"\n"):
        old, new = (side.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for side in (old, new))
    if old != before:
        raise NotAHunk("the lines of the file (with - or a blank in front) are not the same any more")
    if wrong := _wrong(file, replace_in(file, text, new).after):
        raise NotAHunk(wrong)
    return new


def replace_in(file: PlannedFile, text: tuple[str, ...], new: bytes) -> PlannedFile:
    """A file with the new side of one of its hunks replaced."""
    if file.created:
        return replace(file, after=new)
    first, count = _numbers(text[0].split()[2])
    lines = _lines(file.after)
    begin = first - 1 if count else first
    start = sum(map(len, lines[:begin]))
    old = b"".join(lines[begin : begin + count])
    ahead = sum(len(a) for a, _ in takewhile(_same, zip(_lines(old), _lines(new), strict=False)))
    rest = zip(reversed(_lines(old[ahead:])), reversed(_lines(new[ahead:])), strict=False)
    behind = sum(len(a) for a, _ in takewhile(_same, rest))
    change = Edit(start + ahead, start + len(old) - behind, new[ahead : len(new) - behind])
    after = file.after[: change.start] + change.text + file.after[change.end :]
    replacements = compose(file.replacements, file.after, [(change, ())]) if file.replacements else ()
    return replace(file, after=after, replacements=replacements)


def with_edits(plan: Plan, edited: Iterable[Edited], bodies: Callable[[PlannedFile], list[tuple[str, ...]]]) -> tuple[Plan, list[Edited]]:
    """A plan with hunks as a person wants them, and those that it does not have any more. ``bodies`` gives the hunks of a file."""
    lost = list(edited)
    files = []
    for file in plan.files:
        mine = [each for each in lost if each.real == file.real]
        found = [(body, each) for body in bodies(file) for each in mine if _alike(body, each.text)] if mine else []
        lost = [each for each in lost if not any(each is other for _, other in found)]
        for text, each in reversed(found):  # from the end: places of the others stay
            file = replace_in(file, text, each.new)
        files.append(file)
    return replace(plan, files=tuple(files)), lost


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return one[1:] == other[1:] and one[:1] != () and one[0].split()[1] == other[0].split()[1]


def _wrong(file: PlannedFile, after: bytes) -> str:
    """What a file has that cuport's own outcome has not, and no compiler takes; "" for nothing."""
    path = file.destination
    if path.suffix == ".ipynb":
        try:
            Notebook(path, after)
        except NotANotebook as error:
            return str(error)
    elif language_of(path) == "python":
        if _is_python(path, file.after) and not _is_python(path, after):
            return "the file would not be Python 3 any more"
    elif language_of(path) == "c++":
        planned, wanted = (parse_tree(SourceFile(path, data)).error_count for data in (file.after, after))
        if wanted > planned:
            return "the file would have a syntax error that it has not now"
    return ""


def _is_python(path: Path, data: bytes) -> bool:
    try:
        Module(SourceFile(path, data))
    except NotPython3:
        return False
    return True


def _numbers(place: str) -> tuple[int, int]:
    """``-12,5`` -> first line and count."""
    first, _, count = place[1:].partition(",")
    return int(first), int(count or 1)


def _lines(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [*(part + b"\n" for part in parts[:-1]), *([parts[-1]] if parts[-1] else [])]


def _same(pair: tuple[bytes, bytes]) -> bool:
    return pair[0] == pair[1]
