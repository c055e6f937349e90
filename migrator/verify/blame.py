"""Which rewrites touched the source of a kernel: its own lines, and those of the functions and macros that it uses.

The migration of the originals is planned once more, in memory, with the catalogue's defaults. A rule that is named is
one that edits these lines; that it is the cause of a change is for the reader of the diff to judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from migrator import releases
from migrator.engine import Catalogue, EngineError, migrate
from migrator.project import Project
from migrator.rewrite import Settings

from .includes import reach
from .kernels import CHANGED
from .prove import Proof
from .units import Unit

NEAR = 2
_WORD = re.compile(rb"[A-Za-z_]\w*")
_PLAIN = re.compile(r"([A-Za-z_]\w*)\s*(?:<.*)?$", re.DOTALL)
Span = tuple[Path, int, int]


class Blame:
    """The originals under `root`, and every edit that their migration makes: file, line and rule."""

    def __init__(self, root: Path, catalogue: Catalogue, target: str) -> None:
        self.project = Project.load([root])
        goal = releases.parse(target)
        try:
            plan = migrate(Project.load([root]), catalogue, Settings(goal, goal))
        except EngineError:
            self.edits: set[tuple[Path, int, str]] = set()
        else:
            self.edits = {(f.real, a.line, a.rule) for f in plan.files for a in f.applied}

    def rules(self, kernel: str, files: Sequence[Path]) -> tuple[str, ...]:
        """The rules that edit what the kernel is made of, where that stands in `files`."""
        plain = _PLAIN.search(_without_arguments(kernel))
        if plain is None:
            return ()
        spans = self._spans(plain.group(1), {path.resolve() for path in files})

        def inside(edited: Path, line: int) -> bool:
            return any(edited == path and first - NEAR <= line <= last + NEAR for path, first, last in spans)

        return tuple(sorted({rule for path, line, rule in self.edits if inside(path, line)}))

    def _spans(self, name: str, files: set[Path]) -> set[Span]:
        spans: set[Span] = set()
        seen, waiting = {name}, [name]
        while waiting:
            word = waiting.pop()
            for path, start, end in [*self._functions(word), *self._macros(word)]:
                source = self.project.files[path]
                if path in files:
                    spans.add((path, source.line_of(start), source.line_of(end)))
                    inside = {w.decode() for w in _WORD.findall(source.data[start:end])} - seen
                    seen |= inside
                    waiting += sorted(inside)
        return spans

    def _functions(self, name: str) -> list[tuple[Path, int, int]]:
        found = []
        for declarator in self.project.functions(name):
            definition = declarator.enclosing("function_definition")
            body = definition.field_child("body") if definition is not None else None
            if definition is not None and body is not None and declarator.start < body.start:
                found.append((declarator.tree.file.path.resolve(), definition.start, definition.end))
        return found

    def _macros(self, name: str) -> list[tuple[Path, int, int]]:
        found = []
        for path, offset in self.project.macros(name):
            data = self.project.files[path].data
            end = data.find(b"\n", offset)
            while end > 0 and data[:end].rstrip(b"\r").endswith(b"\\"):
                end = data.find(b"\n", end + 1)
            found.append((path, offset, end if end >= 0 else len(data)))
        return found


def name_rules(proof: Proof, blame: Blame, units: dict[str, Unit]) -> None:
    """Put the rules into the verdicts of the changed kernels. `units` are the originals by name."""
    for of_unit in proof.units:
        unit = units.get(of_unit.original)
        if unit is None:
            continue
        files: list[Path] | None = None
        for at, verdict in enumerate(of_unit.verdicts):
            if verdict.status == CHANGED and not verdict.library:
                files = files if files is not None else list(reach(unit.path, [unit.root / d for d in unit.include_dirs]).files)
                of_unit.verdicts[at] = replace(verdict, rules=blame.rules(verdict.respelled or verdict.kernel, files))


def _without_arguments(name: str) -> str:
    """`ns::f<float, (int)3>` as `ns::f`."""
    depth, out = 0, []
    for char in name:
        depth += char == "<"
        if depth == 0:
            out.append(char)
        depth -= char == ">"
    return "".join(out).strip()
