"""Rewrites the files of a project until nothing changes."""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from migrator import compat
from migrator.includes import HeaderKnowledge, additions, own_header
from migrator.planned import Applied, Left, Plan, PlannedFile, Rule, UnusedIgnore
from migrator.project import Project
from migrator.python import PythonContext, TextContext
from migrator.replacements import Replacement, compose
from migrator.rewrite import Change, Edit, Finding, NewFile, Rename, Result, Rewrite, Settings
from migrator.scope import Scopes, Type
from migrator.source import SourceFile, language_of
from migrator.syntax import Node, Tree, preproc

if TYPE_CHECKING:
    from migrator.workers import Workers

MAX_PASSES = 20
LEAST_BYTES = 200_000  # of sources, for which a second process is started
Progress = Callable[[int, int], None]
_IGNORE = re.compile(rb"(?://|#|/\*)[ \t]*cuport:[ \t]*ignore(?:\[([^\]\n]*)\])?")


class EngineError(Exception):
    """A rewrite that never settles; the message names it."""


@dataclass(frozen=True)
class Catalogue:
    """The knowledge that the engine is handed: the rewrites, and what headers give."""

    rewrites: tuple[Rewrite, ...]
    headers: HeaderKnowledge = field(default_factory=HeaderKnowledge)
    known_macros: Callable[[Settings], dict[str, int | None]] = lambda settings: {}
    guards: Mapping[str, str] = field(default_factory=dict)  # name -> what a header of the project needs for it

    def by_id(self, name: str) -> Rewrite | None:
        return next((r for r in self.rewrites if r.id == name), None)

    def unknown(self, name: str) -> str:
        """What to tell a person who named a rewrite, or a group of them, that there is not."""
        import difflib

        near = difflib.get_close_matches(name, sorted({r.id for r in self.rewrites} | {r.group for r in self.rewrites}), 1)
        return f"no rewrite is called {name}" + (f"; did you mean {near[0]}?" if near else "; `cuport rules` lists them")


class FileContext:
    """What a rewrite sees of one file: its tree, its scopes, the project, the settings."""

    def __init__(self, project: Project, path: Path, settings: Settings, catalogue: Catalogue, findings: tuple[Finding, ...] = ()):
        self._project = project
        self.alone = True  # whether nobody asked for more than this file
        self.findings = findings  # what rewrites of a lower order already reported in this file
        self.path = path
        self.settings = settings
        self.catalogue = catalogue
        self.file: SourceFile = project.files[path]

    @property
    def project(self) -> Project:
        self.alone = False
        return self._project

    @property
    def tree(self) -> Tree:
        return self._project.tree(self.path)

    @property
    def scopes(self) -> Scopes:
        return self._project.scopes(self.path)

    def names(self, words: Iterable[str]) -> Iterator[Node]:
        """Name nodes that spell one of the words: never in comments, strings, or ``#if 0``. A file with none of them is not parsed for it."""
        known = self.file.words
        present = [word for word in dict.fromkeys(words) if word.encode() in known]
        return self.tree.names(present) if present else iter(())

    def spells(self, expression: re.Pattern[bytes]) -> bool:
        """Whether the bytes of the file hold what an expression describes, comments included: asked before the tree, which costs more."""
        return expression.search(self.file.data) is not None

    def uses(self, *words: str) -> bool:
        """Whether any of the words stands in the file as code."""
        return next(self.names(words), None) is not None

    def type_of(self, node: Node) -> Type | None:
        return self.scopes.type_of(node)

    def includes(self) -> list[preproc.Include]:
        return self._project.includes(self.path)

    def includes_header(self, *names: str) -> bool:
        """Whether the file includes one of the headers, itself or through the project's own headers."""
        return bool(self.project.all_includes(self.path) & set(names))


@dataclass(frozen=True)
class Ignore:
    """A ``// cuport: ignore`` comment: its line, the line that it covers (both 1-based), the rules it names (empty: all)."""

    line: int
    covers: int
    rules: frozenset[str]


def ignores(file: SourceFile) -> list[Ignore]:
    """The comments of a file that ignore. One that stands alone covers the next line."""
    result: list[Ignore] = []
    if b"cuport:" not in file.data:
        return result
    for m in _IGNORE.finditer(file.data):
        rules = frozenset(r.strip() for r in (m.group(1) or b"").decode("utf-8", "replace").split(",") if r.strip())
        line = file.line_of(m.start())
        start, _ = file.line_span(m.start())
        alone = not file.data[start : m.start()].strip()
        result.append(Ignore(line, line + 1 if alone else line, rules))
    return result


def ignored_lines(file: SourceFile) -> dict[int, frozenset[str]]:
    """Lines (1-based) that comments cover -> the rules they name (empty: all)."""
    return {each.covers: each.rules for each in ignores(file)}


def _is_ignored(ignored: dict[int, frozenset[str]], line: int, rule: str) -> bool:
    return line in ignored and (not ignored[line] or rule in ignored[line])


def select_changes(changes: list[Change]) -> tuple[list[Change], list[Change]]:
    """Split into those that can be made together and those that must wait for the next pass.

    Identical edits count once. Of two that overlap, the one that starts first (the longer one of two that start together) is made.
    """
    accepted: list[Change] = []
    deferred: list[Change] = []
    starts: list[tuple[int, int]] = []
    seen: set[Edit] = set()
    ordered = sorted(changes, key=lambda c: (c.edits[0].start, -c.edits[-1].end))
    for change in ordered:
        fresh = [e for e in change.edits if e not in seen]
        if not fresh:
            accepted.append(replace(change, edits=()))
            continue
        if len(fresh) != len(change.edits) or any(_overlaps(starts, e) for e in fresh):
            if all(e in seen or not _overlaps(starts, e) for e in change.edits):
                pass
            else:
                deferred.append(change)
                continue
        for e in fresh:
            seen.add(e)
            starts.insert(bisect_right(starts, (e.start, e.end)), (e.start, e.end))
        accepted.append(replace(change, edits=tuple(fresh)))
    return accepted, deferred


def _overlaps(spans: list[tuple[int, int]], edit: Edit) -> bool:
    i = bisect_right(spans, (edit.start, edit.end))
    for j in (i - 1, i):
        if 0 <= j < len(spans):
            s, e = spans[j]
            if s < edit.end and edit.start < e:
                return True
            if s == e and edit.start < s < edit.end:
                return True
            if edit.start == edit.end and (s < edit.start < e or (s, e) == (edit.start, edit.end)):
                return True
    return False


class _Back:
    """Maps an offset after some edits to the offset before them."""

    def __init__(self, edits: list[Edit]):
        self.points: list[tuple[int, int, int]] = []  # (start in new, end in new, start in old)
        shift = 0
        for e in sorted(edits):
            new_start = e.start + shift
            self.points.append((new_start, new_start + len(e.text), e.start))
            shift += len(e.text) - (e.end - e.start)
        self.edits = sorted(edits)
        self.starts = [p[0] for p in self.points]

    def __call__(self, offset: int) -> int:
        i = bisect_right(self.starts, offset) - 1
        if i < 0:
            return offset
        new_start, new_end, old_start = self.points[i]
        if offset < new_end:
            return old_start
        return self.edits[i].end + (offset - new_end)


class _Forward:
    """Maps an offset before some edits to the offset after them."""

    def __init__(self, edits: list[Edit]):
        self.edits = sorted(edits)
        self.ends = [e.end for e in self.edits]
        self.shifts = [0, *accumulate(len(e.text) - (e.end - e.start) for e in self.edits)]

    def __call__(self, offset: int) -> int:
        i = bisect_right(self.ends, offset)
        if i < len(self.edits) and self.edits[i].start < offset:
            offset = self.edits[i].start
        return offset + self.shifts[i]


class _State:
    """What happened to one file so far."""

    def __init__(self, file: SourceFile):
        self.original = file
        self.back: list[_Back] = []
        self.applied: list[Applied] = []
        self.replacements: tuple[Replacement, ...] = ()
        self.findings: dict[int, list[Finding]] = {}  # by order
        self.kept: list[tuple[int, Finding]] = []  # of changes that were made: line of the original, and the finding at its present offset
        self.suppressed: set[tuple[int, str]] = set()  # line of the original and rule that a comment ignored
        self.last_rules: list[str] = []
        self.new_path: Path | None = None
        self._idle: dict[int, tuple[SourceFile, tuple[Finding, ...], set[str]]] = {}

    def idle(self, order: int, file: SourceFile, earlier: tuple[Finding, ...]) -> set[str]:
        """The rewrites of an order that looked at nothing but this file, and found nothing: they do so again until it changes."""
        known = self._idle.get(order)
        if known is None or known[0] is not file or known[1] != earlier:
            known = self._idle[order] = (file, earlier, set())
        return known[2]

    def earlier(self, order: int) -> tuple[Finding, ...]:
        """What rewrites of lower orders found."""
        return tuple(f for o, found in self.findings.items() if o < order for f in found)

    def original_offset(self, offset: int) -> int:
        for back in reversed(self.back):
            offset = back(offset)
        return min(offset, len(self.original.data))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without Python's search for cycles, which looks at every node again and again: trees are released by hand."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_collector()
def migrate(project: Project, catalogue: Catalogue, settings: Settings, progress: Progress | None = None, jobs: int = 1) -> Plan:
    """Plan the migration of a project. The project's files in memory become the new ones; nothing is written.

    ``progress`` is told, before each file of a pass, how many files of it are done, and how many there are. ``jobs`` is how many processes
    may ask the rewrites; the plan is the same. Raises EngineError when a rewrite does not settle within ``MAX_PASSES`` passes.
    """
    rewrites = [r for r in catalogue.rewrites if r.selected(settings)]
    project.known_macros = catalogue.known_macros(settings)
    triggers = {kind: {t for r in rewrites if r.language == kind for t in r.trigger_bytes} for kind in {r.language for r in rewrites}}
    states = {path: _State(file) for path, file in [*project.files.items(), *project.scripts.items()]}
    candidates = [
        path for path, state in states.items() if state.original.words & triggers.get(language_of(path), set()) and path.name != compat.NAME
    ]
    guards: set[str] = set()  # of the changes made
    new_files: dict[Path, NewFile] = {}
    orders = sorted({r.order for r in rewrites})
    stale = {order: set(candidates) for order in orders}  # what each order has not seen in its present form
    with _helpers(jobs, project, candidates, rewrites, catalogue, settings, states) as workers:
        for _ in range(MAX_PASSES):
            pending: dict[Path, SourceFile] = {}
            for order in orders:
                active = [r for r in rewrites if r.order == order]
                waiting = [p for p in candidates if p in stale[order]]
                answers: dict[Path, dict[str, list[Result]]] = {}
                if workers is not None:
                    answers = workers.ask(order, [(p, states[p].earlier(order)) for p in waiting])
                for number, path in enumerate(waiting):
                    if progress is not None:
                        progress(number, len(waiting))
                    edited = _one_file(project, path, order, active, catalogue, settings, states, new_files, guards, answers.get(path))
                    if edited is not None:
                        pending[path] = edited
                stale[order].clear()
                if pending:
                    break  # later orders see the outcome of the earlier ones, in the whole project
            if not pending:
                break
            for path, edited in pending.items():
                project.update(path, edited)
                if workers is not None:
                    workers.tell(path)
            cross = {t for r in rewrites if r.cross_file for t in r.trigger_bytes}
            again = {p for p in candidates if p in pending or project.source(p).words & cross}
            for order in orders:
                stale[order] |= again
        else:
            culprits = sorted({rule for path in pending for rule in states[path].last_rules})
            names = ", ".join(str(project.source(p).path) for p in pending)
            raise EngineError(f"these rewrites never settle on {names}: {', '.join(culprits)}; please report it")
    if settings.annotate:
        _annotate(project, states, catalogue, settings)
    planned, untouched = list(_guard_header(project, guards, catalogue, states)), []
    for path, state in states.items():
        new = project.source(path)
        present = {(state.original.shown_line(state.original_offset(f.start)), f) for found in state.findings.values() for f in found}
        left = tuple(
            Left(f.rule, line, new.shown_line(f.start), new.where(f.start) + f.message, f.advice)
            for line, f in sorted({*present, *state.kept}, key=lambda pair: (pair[1].start, pair[1].rule, pair[1].message))
        )
        before, after = state.original.raw, new.raw
        if after != before or left or state.new_path is not None:
            in_place = before == state.original.data  # of a notebook, offsets are those of its Python
            replacements = tuple(r for r in state.replacements if state.original.data[r.start : r.end] != r.text) if in_place else ()
            planned.append(
                PlannedFile(path, state.original.path, before, after, tuple(state.applied), left, state.new_path, replacements=replacements)
            )
        else:
            untouched.append(state.original.path)
    for path, made in sorted(new_files.items()):
        planned.append(PlannedFile(path, _shown(project, path), b"", made.data, (Applied(made.rule, 1),), created=True))
    return Plan(
        tuple(planned),
        len(states),
        tuple(project.problems),
        tuple(untouched),
        _rules(planned, catalogue, settings),
        settings,
        tuple(_unused_ignores(states, rewrites, catalogue)),
        tuple(project.given),
        tuple(project.aside),
    )


def _helpers(
    jobs: int, project: Project, paths: list[Path], rewrites: list[Rewrite], catalogue: Catalogue, settings: Settings, states: dict[Path, _State]
) -> AbstractContextManager[Workers | None]:
    """The processes that ask the rewrites, or None where one is enough."""
    if jobs < 2 or sum(len(project.source(path).data) for path in paths) < LEAST_BYTES:
        return nullcontext()
    from migrator.workers import Workers, can_fork

    if not can_fork():
        return nullcontext()
    of_order = {order: [r for r in rewrites if r.order == order and not r.remembers] for order in {r.order for r in rewrites}}

    def ask(path: Path, order: int, earlier: tuple[Finding, ...]) -> dict[str, list[Result]]:
        file = project.source(path)
        active = _active(of_order[order], file, path, settings)
        ctx = _context(project, path, settings, catalogue, earlier)
        idle = states[path].idle(order, file, earlier)
        said = {rewrite.id: list(_results(rewrite, ctx, idle)) for rewrite in active}
        return {name: results for name, results in said.items() if results}

    list(project.with_word(""))  # the index of words is made once, before the project is copied
    return Workers(jobs, project, paths, ask)


def _annotate(project: Project, states: dict[Path, _State], catalogue: Catalogue, settings: Settings) -> None:
    """Comments at what is left by hand, as one more pass over each file; the findings move with it."""
    from migrator import annotate

    ran = frozenset(r.id for r in catalogue.rewrites if r.selected(settings))
    seen_again = _seen_again(project, catalogue, settings) if any(s.kept or any(s.findings.values()) for s in states.values()) else set()
    for path, state in states.items():
        file = project.source(path)

        def is_wanted(start: int, path: Path = path, state: _State = state) -> bool:
            return (path, annotate.ID, state.original.line_of(state.original_offset(start))) not in settings.skipped

        findings = [*(f for found in state.findings.values() for f in found), *(f for _, f in state.kept)]
        standing = [f for f in findings if (path, f.rule, file.shown_line(f.start)) in seen_again]
        made = annotate.edits(project, file, path, standing, [f for f in findings if f not in standing], ran, is_wanted)
        if not made:
            continue
        traced = []
        for edit in made:
            first, count = len(state.applied), max(1, edit.text.count(b"\n"))
            traced.append((edit, tuple(range(first, first + count))))
            state.applied += count * [Applied(annotate.ID, state.original.shown_line(state.original_offset(edit.start)))]
        forward = _Forward(list(made))
        state.findings = {order: [replace(f, start=forward(f.start)) for f in found] for order, found in state.findings.items()}
        state.kept = [(line, replace(f, start=forward(f.start))) for line, f in state.kept]
        state.back.append(_Back(list(made)))
        state.replacements = compose(state.replacements, file.data, traced)
        project.update(path, file.edited(made))


def _seen_again(project: Project, catalogue: Catalogue, settings: Settings) -> set[tuple[Path, str, int]]:
    """Path, rule and line of what a run over the outcome would still find: of a change that was made some findings are seen once only."""
    old_paths = {new: old for old, new in project.moves.items()}
    second = migrate(project.moved(), catalogue, replace(settings, annotate=False))
    return {(old_paths.get(file.real, file.real), item.rule, item.line) for file, item in second.left}


def _rules(planned: list[PlannedFile], catalogue: Catalogue, settings: Settings) -> dict[str, Rule]:
    """What reports say of the rewrites that a plan names."""
    named = {a.rule for f in planned for a in f.applied} | {item.rule for f in planned for item in f.left}
    known = {r.id: r for r in catalogue.rewrites}
    result = {}
    for name in sorted(named):
        rewrite = known.get(name)
        if rewrite is None and name == "annotate":
            from migrator.annotate import RULE

            result[name] = RULE
            continue
        if rewrite is None:
            result[name] = Rule(name, name, "", "", "other", "safe")
            continue
        why = "\n".join(rewrite.doc.strip().splitlines()[1:]).strip()
        result[name] = Rule(name, rewrite.title, why, rewrite.when, rewrite.reason(settings) or "other", rewrite.tier, rewrite.link)
    return result


def _unused_ignores(states: dict[Path, _State], active: list[Rewrite], catalogue: Catalogue) -> Iterator[UnusedIgnore]:
    """Comments that ignored nothing. A rule that did not run may well have something to ignore; one that looks at other files may have obeyed
    the comment itself, and so may any rule of Python."""
    ran = {r.id for r in active}
    known = {r.id for r in catalogue.rewrites}
    usual = {r.id for r in catalogue.rewrites if r.default and r.tier == "safe"}
    judged = {r.id for r in active if not r.cross_file}
    for path, state in states.items():
        if b"cuport" not in state.original.words:
            continue
        for each in ignores(state.original):
            hit = {rule for line, rule in state.suppressed if line == each.covers}
            vain = tuple(sorted(r for r in each.rules if r not in hit and (r in judged or r not in known)))
            if vain or (not each.rules and not hit and usual <= ran and language_of(path) != "python"):
                yield UnusedIgnore(state.original.path, each.line, vain)


def _guard_header(project: Project, guards: set[str], catalogue: Catalogue, states: dict[Path, _State]) -> Iterator[PlannedFile]:
    """The header with the guards that the changes live on. One that is among the project's files gets them in memory, like any other edit."""
    if not guards:
        return
    path = compat.place(project)
    old = project.files[path].data if path in project.files else path.read_bytes() if path.exists() else b""
    lacking = compat.missing(old, guards)
    if not lacking:
        return
    new = compat.text(old, guards, catalogue.guards)
    note = f"guards for what no single spelling covers ({', '.join(lacking)}): ship this header with the sources"
    applied = Applied("cuport-compat", 1, note)
    added = Replacement(len(old), len(old), new[len(old) :], (0,))
    if path in states:
        project.update(path, SourceFile(project.files[path].path, new))
        states[path].applied.append(applied)
        states[path].replacements = (added,)
    else:
        shown, exists = _shown(project, path), path.exists()
        yield PlannedFile(path, shown, old, new, (applied,), created=not exists, replacements=(added,) if exists else ())


def _shown(project: Project, path: Path) -> Path:
    """The path of a new file as the user would write it: as that of a file near by."""
    for folder in path.parents:
        for real, file in [*project.files.items(), *project.scripts.items()]:
            if real.is_relative_to(folder) and len(real.relative_to(folder).parts) <= len(file.path.parts):
                up = len(real.relative_to(folder).parts) - 1
                return (file.path.parents[up] / path.relative_to(folder)) if up < len(file.path.parents) else path
    return path


def _active(rewrites: Iterable[Rewrite], file: SourceFile, path: Path, settings: Settings) -> list[Rewrite]:
    """The rewrites that may have something to say of a file, by its language and words, and that the configuration does not ignore there."""
    language = language_of(path)
    active = [r for r in rewrites if r.language == language and not r.trigger_bytes.isdisjoint(file.words)]
    if settings.per_file_ignores:
        active = [r for r in active if not settings.ignores_in(file.path, r.id)]
    return active


def _context(project: Project, path: Path, settings: Settings, catalogue: Catalogue, earlier: tuple[Finding, ...]) -> FileContext | TextContext:
    language = language_of(path)
    if language == "c++":
        return FileContext(project, path, settings, catalogue, earlier)
    return (PythonContext if language == "python" else TextContext)(project, path, settings, catalogue)


def _results(rewrite: Rewrite, ctx: FileContext | TextContext, idle: set[str]) -> Iterator[Result]:
    """What a rewrite says of a file, but for one that is known to say nothing."""
    if rewrite.id in idle:
        return
    ctx.alone = True
    quiet = True
    for result in rewrite.results(ctx):
        quiet = False
        yield result
    if quiet and ctx.alone:
        idle.add(rewrite.id)


def _one_file(
    project: Project, path: Path, order: int, rewrites: list[Rewrite], catalogue: Catalogue, settings: Settings, states: dict[Path, _State],
    new_files: dict[Path, NewFile], guards: set[str], answered: Mapping[str, list[Result]] | None = None,
) -> SourceFile | None:
    """One pass of some rewrites over one file: the new file, or None when nothing changes. ``answered``: what some of them said already."""
    file = project.source(path)
    state = states[path]
    state.findings[order] = []
    language = language_of(path)
    active = _active(rewrites, file, path, settings)
    if not active:
        return None
    earlier = state.earlier(order)
    ctx = _context(project, path, settings, catalogue, earlier)
    ignored = ignored_lines(file)
    changes: list[Change] = []
    idle = state.idle(order, file, earlier)
    for rewrite in active:
        if answered is not None and not rewrite.remembers:
            said: Iterable[Result] = answered.get(rewrite.id, ())
        else:
            said = _results(rewrite, ctx, idle)
        for result in said:
            if isinstance(result, NewFile):
                if result.path not in states and not result.path.exists():
                    new_files[result.path] = result
                    project.made.add(result.path)
                continue
            if isinstance(result, Rename):
                if result.path in states and not result.new_path.exists():
                    if states[result.path].new_path is None:
                        states[result.path].applied.append(Applied(result.rule, 1))
                    states[result.path].new_path = project.moves[result.path] = result.new_path
                continue
            start = result.start if isinstance(result, Finding) else result.edits[0].start
            if _is_ignored(ignored, file.line_of(start), result.rule):
                state.suppressed.add((state.original.line_of(state.original_offset(start)), result.rule))
                continue
            if isinstance(result, Finding):
                state.findings[order].append(result)
                continue
            edits = tuple(e for e in sorted(result.edits) if file.data[e.start : e.end] != e.text)
            if settings.skipped and any(
                (path, result.rule, state.original.line_of(state.original_offset(e.start))) in settings.skipped for e in edits
            ):
                continue
            if edits and file.can_edit(edits):
                changes.append(replace(result, edits=edits))
    if not changes:
        return None
    accepted, _ = select_changes(changes)
    first = len(state.applied)
    made_by = {id(change): first + index for index, change in enumerate(c for c in accepted if c.edits)}
    traced: list[tuple[Edit, tuple[int, ...]]] = [(e, (made_by[id(c)],)) for c in accepted for e in c.edits]
    every = [e for e, _ in traced]
    included = project.includes(path) if language == "c++" else []
    dropped = {
        i.name for i in included if any(e.start <= i.start and i.end <= e.end and e.text.strip() == b"" for e in every)
    }
    needed = {h: [e.start for c in accepted if h in c.includes for e in c.edits] for h in sorted({h for c in accepted for h in c.includes})}
    if needed:
        for extra in additions(project, path, needed, catalogue.headers, dropped):
            if not _overlaps(sorted((e.start, e.end) for e in every), extra):
                every.append(extra)
                wanted_by = [c for c in accepted if any(f"<{h}>".encode() in extra.text for h in c.includes) and id(c) in made_by]
                traced.append((extra, tuple(made_by[id(c)] for c in wanted_by)))
    if wanted := {name for c in accepted for name in c.compat}:
        guards |= wanted
        own = own_header(project, path, compat.place(project))
        if own is not None:
            causes = {made_by[id(c)] for c in accepted if c.compat and id(c) in made_by}
            for there in [pair for pair in traced if pair[0].start == pair[0].end == own.start]:  # two insertions at one place are one
                traced.remove(there)
                every.remove(there[0])
                both = (there[0].text, own.text) if there[0].text.lstrip().startswith(b"#include") else (own.text, there[0].text)
                own, causes = replace(own, text=b"".join(both)), causes | set(there[1])
            every.append(own)
            traced.append((own, tuple(sorted(causes))))
    for change in accepted:
        if change.edits:
            offset = state.original_offset(change.edits[0].start)
            state.applied.append(Applied(change.rule, state.original.shown_line(offset), change.note))
    state.last_rules = [c.rule for c in accepted]
    made = [(state.original.shown_line(state.original_offset(f.start)), f) for c in accepted for f in c.left]
    forward = _Forward(every)
    state.kept = [(line, replace(f, start=forward(f.start))) for line, f in [*state.kept, *made]]
    state.back.append(_Back(every))
    state.replacements = compose(state.replacements, file.data, traced)
    return file.edited(every)
