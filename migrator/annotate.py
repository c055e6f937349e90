"""``cuport migrate --annotate``: a comment at each place that is left to do by hand, which goes once it is done.

One comment a rule and a line, on a line of its own. What is there already is known by its form, its rule and the line below it: the rest of
its text may be edited. No comment is put where it might mean something: after a backslash, into a string or a comment, into a notebook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from migrator.planned import Rule
from migrator.project import Project
from migrator.python import Module, NotPython3
from migrator.python_names import cst
from migrator.rewrite import Edit, Finding
from migrator.source import TODO_COMMENT, TODO_MARK, SourceFile, language_of
from migrator.syntax import Tree, parse_tree

ID = "annotate"
RULE = Rule(
    ID,
    "Write down at its place what has to be done by hand.",
    "A comment above each line that a finding is about. The next run with --annotate takes away those that have no finding any more.",
    "with --annotate",
    "other",
    "safe",
)
WIDTH = 140  # columns that a comment may fill
LASTING = "; delete this line once done"  # ends the comment of a finding that a later run cannot see again, nor whether it was heeded
_ABOUT_NEXT_LINE = re.compile(rb"[ \t]*(?://|#|/\*)[ \t]*(?:cuport:[ \t]*ignore|NOLINTNEXTLINE)")  # must stay right above its line
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class _Comment:
    """A comment that is there: its lines in the file, its rule, the start of the line that it is about."""

    start: int
    end: int
    rule: str
    target: int
    lasting: bool


class _Language:
    """What may be told of places in a file of one language."""

    mark = b"//"

    def __init__(self, file: SourceFile):
        self.data = file.data

    def inside(self, start: int) -> int | None:
        """The start of the string or comment that the line which starts there lies in."""
        return None

    def is_comment(self, start: int) -> bool:
        """Whether a comment starts there."""
        return True

    def allows(self, start: int) -> bool:
        """Whether a line may be put there."""
        return True

    def same(self, edited: SourceFile, comments: Iterable[int]) -> bool:
        """Whether the edited file means the same, with comments at some offsets."""
        return True


class _Cpp(_Language):
    def __init__(self, file: SourceFile, tree: Tree):
        super().__init__(file)
        self.tree = tree

    def inside(self, start: int) -> int | None:
        leaf = self.tree.leaf_at(start)
        whole = ("comment", "string_literal", "raw_string_literal", "char_literal")
        return next((n.start for n in (leaf, *leaf.ancestors()) if n.kind in whole and n.start < start), None)

    def is_comment(self, start: int) -> bool:
        leaf = self.tree.leaf_at(start)
        return leaf.kind == "comment" and leaf.start == start

    def same(self, edited: SourceFile, comments: Iterable[int]) -> bool:
        known = _Cpp(edited, parse_tree(edited))
        return all(known.is_comment(start) for start in comments)


class _Python(_Language):
    mark = b"#"

    def __init__(self, file: SourceFile, module: Module):
        super().__init__(file)
        self.module = module
        self.strings = [module.span(node) for node in module.find(cst.SimpleString, cst.FormattedString)]

    def inside(self, start: int) -> int | None:
        return next((a for a, b in self.strings if a < start < b), None)

    def is_comment(self, start: int) -> bool:
        return not any(a <= start < b for a, b in self.strings)

    def same(self, edited: SourceFile, comments: Iterable[int]) -> bool:
        try:
            known = _Python(edited, Module(edited))
        except NotPython3:
            return False
        texts = ([each.data[a:b] for a, b in each.strings] for each in (self, known))
        kinds = ([type(node) for node in each.module.nodes] for each in (self, known))
        return len(set(map(tuple, texts))) == len(set(map(tuple, kinds))) == 1


class _Build(_Language):
    """Make files, CMake, shell scripts and the like: no line goes behind anything that may hold text of several lines."""

    mark = b"#"
    _TEXT = re.compile(rb"<<|\"\"\"|'''|\[=*\[|^[ \t]*define[ \t]|[|>][-+]?[ \t]*\r?$", re.M)

    def allows(self, start: int) -> bool:
        before = b"\n".join(line for line in self.data[:start].split(b"\n") if not line.lstrip().startswith(b"#"))
        return self._TEXT.search(before) is None and not any(before.replace(b"\\" + q, b"").count(q) % 2 for q in (b'"', b"'"))

    def is_comment(self, start: int) -> bool:
        return self.allows(start)


def edits(
    project: Project, file: SourceFile, path: Path, standing: Iterable[Finding], lasting: Iterable[Finding], ran: frozenset[str],
    is_wanted: Callable[[int], bool] = lambda start: True,
) -> tuple[Edit, ...]:  # fmt: skip
    """The edits that put a comment at every finding of a file and take away those whose rule ``ran`` and finds nothing there any more.

    ``lasting`` are findings that a later run will not see. ``is_wanted`` is asked with the start of the line of each. No edits where a file
    would not mean the same, or is not understood.
    """
    findings = [*((f, False) for f in standing), *((f, True) for f in lasting)]
    if not findings and TODO_MARK not in file.data:
        return ()
    known = _language(project, file, path)
    if known is None:
        return ()
    there = list(_comments(file.data, known))
    wanted: dict[tuple[int, str], tuple[Finding, bool]] = {}
    for finding, is_lasting in findings:
        target = _target(file, finding.start, known)
        if known.allows(target):
            wanted.setdefault((target, finding.rule), (finding, is_lasting))
    made: list[Edit] = []
    kept: set[tuple[int, str]] = set()
    for comment in there:
        key = (comment.target, comment.rule)
        if (key in wanted or comment.lasting or comment.rule not in ran) and key not in kept:
            kept.add(key)
        elif is_wanted(comment.start):
            made.append(Edit(comment.start, comment.end, b""))
    by_line: dict[int, bytes] = {}
    for target, rule in sorted(wanted.keys() - kept):
        if is_wanted(target):
            finding, is_lasting = wanted[target, rule]
            indent = re.match(rb"[ \t]*", file.data[target:]).group()
            if known.mark == b"#" and isinstance(known, _Build) and b"\t" in indent:
                indent = b""  # a recipe's line would be handed to the shell
            by_line[target] = by_line.get(target, b"") + indent + _text(finding, is_lasting, known.mark, len(indent)) + file.newline
    made += [Edit(target, target, text) for target, text in by_line.items()]
    made.sort()
    if not made:
        return ()
    return tuple(made) if known.same(file.edited(made), _places(made, known.mark)) else ()


def _language(project: Project, file: SourceFile, path: Path) -> _Language | None:
    language = language_of(path)
    if language == "c++":
        return _Cpp(file, project.tree(path))
    if path.suffix == ".ipynb":
        return None
    if language == "build":
        return _Build(file)
    module = project.module(path)
    return _Python(file, module) if module is not None else None


def _comments(data: bytes, known: _Language) -> Iterator[_Comment]:
    """The comments that are there; of several in a row all are about the line below the last."""
    row: list[re.Match[bytes]] = []
    for match in TODO_COMMENT.finditer(data):
        if match.group(1) != known.mark or not known.is_comment(match.start(1)) or _goes_on(data, match.start()):
            continue
        if row and row[-1].end() != match.start():
            yield from _about(row)
            row = []
        row.append(match)
    yield from _about(row)


def _about(row: list[re.Match[bytes]]) -> Iterator[_Comment]:
    for match in row:
        lasting = match.group(3).rstrip().endswith(LASTING.encode())
        yield _Comment(match.start(), match.end(), match.group(2).decode(), row[-1].end(), lasting)


def _target(file: SourceFile, offset: int, known: _Language) -> int:
    """The start of the line that a comment about an offset goes above."""
    data = file.data
    start = file.line_span(offset)[0]
    while start > 0:
        opened = known.inside(start)
        above = file.line_span(start - 1)[0]
        if opened is not None:
            start = file.line_span(opened)[0]
        elif _goes_on(data, start) or _ABOUT_NEXT_LINE.match(data, above, start):
            start = above
        else:
            break
    return len(_BOM) if start == 0 and data.startswith(_BOM) else start


def _goes_on(data: bytes, start: int) -> bool:
    """Whether the line that starts there continues the one above."""
    return data[data.rfind(b"\n", 0, max(0, start - 1)) + 1 : start].rstrip().endswith((b"\\", b"??/"))


def _text(finding: Finding, is_lasting: bool, mark: bytes, indent: int) -> bytes:
    head = f"{mark.decode()} TODO(cuport: {finding.rule}): "
    ending = LASTING if is_lasting else ""
    room = WIDTH - indent - len(head) - len(ending)
    message = " ".join(finding.message.split())
    advice = " ".join(finding.advice.split())
    whole = f"{message} -> {advice}" if advice else message
    if len(whole) > room:
        whole = message if len(message) <= room else message[: max(room - 4, 20)].rpartition(" ")[0] + " ..."
    return (head + whole.rstrip("\\ ") + ending).encode("utf-8", "surrogateescape")


def _places(made: Iterable[Edit], mark: bytes) -> Iterator[int]:
    """Where the new comments start in the edited file."""
    shift = 0
    for edit in made:
        at = edit.start + shift
        for line in edit.text.splitlines(keepends=True):
            yield at + line.index(mark)
            at += len(line)
        shift += len(edit.text) - (edit.end - edit.start)
