"""Adds ``#include`` lines: once, in the right group, inside the include guard, in the file's own newline style."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from migrator import compat
from migrator.project import Project
from migrator.rewrite import Edit
from migrator.source import SourceFile
from migrator.syntax import preproc


@dataclass(frozen=True)
class HeaderKnowledge:
    """What headers give: ``provides`` maps a header to those that it includes itself, ``device_only`` may not reach a host compiler."""

    provides: dict[str, frozenset[str]] = field(default_factory=dict)
    device_only: frozenset[str] = frozenset()

    def closure(self, names: set[str]) -> set[str]:
        result = set(names)
        for name in names:
            result |= self.provides.get(name, frozenset())
        return result


def additions(
    project: Project, path: Path, headers: Mapping[str, Sequence[int]], knowledge: HeaderKnowledge, dropped: set[str]
) -> list[Edit]:
    """The edits that give a file the headers it lacks.

    ``headers`` says where each is used (offsets): one that is used only under a condition, under which the file includes headers already,
    is included under that condition. ``dropped`` are includes that the same pass removes.
    """
    have = knowledge.closure(project.all_includes(path) - dropped)
    missing = sorted(h for h in headers if h not in have)
    if any(h in knowledge.device_only for h in missing) and project.compiled_by_host(path):
        missing = [h for h in missing if h not in knowledge.device_only]
    given = knowledge.closure(set()) | set().union(*(knowledge.provides.get(h, frozenset()) for h in missing)) if missing else set()
    missing = [h for h in missing if h not in given]
    if not missing:
        return []
    file = project.files[path]
    edits: dict[int, list[str]] = {}
    for header in missing:
        edits.setdefault(_position(file, project.includes(path), header, headers[header]), []).append(header)
    result = []
    for offset, names in edits.items():
        indent = _indent(file, project.includes(path), offset)
        text = b"".join(indent + b"#include <" + n.encode() + b">" + file.newline for n in names)
        if offset and file.data[offset - 1 : offset] != b"\n" and file.data[:offset] != b"\xef\xbb\xbf":
            text = file.newline + text
        result.append(Edit(offset, offset, text))
    return result


def removal(file: SourceFile, include: preproc.Include) -> Edit:
    """The edit that takes an include out: its line, or the directive alone where a comment (or the byte order mark) shares the line."""
    start, end = file.line_span(include.start)
    if file.data[include.end : end].strip() or file.data[start : include.start].strip():
        start, end = include.start, include.end
    return Edit(start, end, b"")


def renaming(file: SourceFile, include: preproc.Include, header: str) -> Edit:
    """The edit that makes an include name another header."""
    name = re.search(rb'[<"][^>"]*[>"]$', file.data[include.start : include.end])
    assert name is not None, "an include ends in the name of its header"
    return Edit(include.start + name.start(), include.end, b"<" + header.encode() + b">")


def own_header(project: Project, path: Path, header: Path) -> Edit | None:
    """The edit that includes the project's header of guards: None where a file has it."""
    if path == header or any(Path(name).name == header.name for name in project.all_includes(path)):
        return None
    file = project.files[path]
    name = compat.include_name(header, path)
    offset = _position(file, project.includes(path), name)
    text = b'#include "' + name.encode() + b'"' + file.newline
    if offset and file.data[offset - 1 : offset] != b"\n" and file.data[:offset] != b"\xef\xbb\xbf":
        text = file.newline + text
    return Edit(offset, offset, text)


def _family(name: str) -> str:
    first = name.split("/")[0]
    return "torch" if first in ("ATen", "c10", "torch", "THC", "TH", "THCUNN", "pybind11") and "/" in name else ("std" if "/" not in name and "." not in name else first)


def _indent(file: SourceFile, includes: list[preproc.Include], offset: int) -> bytes:
    """The blanks before the include that ends right before an offset."""
    for include in includes:
        start, end = file.line_span(include.start)
        if end == offset:
            return file.data[start : include.start]
    return b""


def _position(file: SourceFile, includes: list[preproc.Include], header: str, uses: Sequence[int] = ()) -> int:
    """Where a new include goes: after the last one of its family that every use of it reads, else after any, else at the top."""
    arms = preproc.arms(file.data) if b"#" in file.data else []
    guard = _guard(file, arms)

    def conditions(offset: int) -> frozenset[str]:
        return frozenset(a.condition for a in arms if a.start <= offset < a.end and a != guard)

    if uses and (shared := frozenset.intersection(*(conditions(use) for use in uses))):
        under = [i for i in includes if i.start < min(uses) and (own := conditions(i.start)) and own <= shared]
        same = [i for i in under if _family(i.name) == _family(header)]
        if under:
            return file.line_span((same or under)[-1].start)[1]
    free = [i for i in includes if not conditions(i.start)]
    same = [i for i in free if _family(i.name) == _family(header) and not i.quoted]
    system = [i for i in free if not i.quoted]
    for group in (same, system, free):
        if group:
            return file.line_span(group[-1].start)[1]
    if guard is not None:
        position = guard.start
        after = re.compile(rb"[ \t]*\r?\n[ \t]*#[ \t]*define[^\n]*\n").match(file.data, position)
        if after:
            return after.end()
    pragma = re.search(rb"^[ \t]*#[ \t]*pragma[ \t]+once[^\n]*(\n|\Z)", file.data, re.M)
    if pragma:
        return pragma.end()
    # below the comment that opens the file
    opening = re.match(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:\r?\n|//[^\n]*(?:\n|\Z)|/\*.*?\*/[ \t]*(?:\r?\n|\Z)))*", file.data, re.S)
    position = opening.end() if opening else 0
    return position


def _guard(file: SourceFile, arms: list[preproc.Arm]) -> preproc.Arm | None:
    """The arm of an include guard: the first one, ``!defined(X)``, with ``#define X`` as its first line."""
    if not arms:
        return None
    first = min(arms, key=lambda a: a.start)
    m = re.fullmatch(r"!\s*defined\s*\(?\s*(\w+)\s*\)?", first.condition)
    if m and re.match(rb"\s*#[ \t]*define[ \t]+" + m.group(1).encode() + rb"\b", file.data[first.start :]):
        return first
    return None
