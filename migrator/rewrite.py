"""The vocabulary that rewrites are written in: Edit, Change, Finding, Match, Rewrite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from migrator import releases
from migrator.globs import matches

if TYPE_CHECKING:
    from migrator.engine import FileContext
    from migrator.pattern import Match


@dataclass(frozen=True, order=True)
class Edit:
    """Replace the bytes ``[start, end)`` of a file by ``text``."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True)
class Change:
    """Edits of one file that belong together: all are made or none. ``includes`` are the headers that the new text needs.

    ``note`` is what a person should know once the change is made; it is reported, and nothing is left to do. ``left`` are findings that
    stay true once the change is made (the pass that follows does not see the old form any more). ``compat`` names the guards of the
    catalogue that the new text lives on: they stand in one header of the project, made when it is needed.
    """

    rule: str
    edits: tuple[Edit, ...]
    includes: tuple[str, ...] = ()
    note: str = ""
    left: tuple[Finding, ...] = ()
    compat: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that a person must look at: where, what is wrong, and what to write by hand."""

    rule: str
    start: int
    message: str
    advice: str = ""


@dataclass(frozen=True)
class NewFile:
    """A file that the project needs and does not have. One that is there already is left alone."""

    rule: str
    path: Path
    data: bytes


@dataclass(frozen=True)
class Rename:
    """A file of the project that must have another name. Nothing happens when that name is taken."""

    rule: str
    path: Path
    new_path: Path


OWN_GROUP = "project"  # the group of the rewrites that a project's configuration adds
DEFAULT = "default"  # the name of all rewrites that are on by default, for --select
Result = Union[Change, Finding, NewFile, Rename]
Fixer = Callable[[Any], Iterable[Result]]  # takes a FileContext, a PythonContext or a TextContext: what its language has
Predicate = Callable[["Match", "FileContext"], Union[bool, str]]


@dataclass(frozen=True)
class Case:
    """One spelling of the old form and what it becomes.

    ``pattern`` is code with ``$metavariables`` (one expression each) and ``$$$rest`` (any number of arguments). ``to`` is code with the
    same names, or a function from the match to such code (None: no change). ``where`` says whether the match counts: True, False, or a
    text, which becomes a finding instead of a change. ``since`` is the release that first has the new form; of several cases with the
    same pattern the newest that ``--min-torch`` allows is used. ``compat`` is the guard that ``to`` lives on, where no spelling is the
    same in the whole range of releases.
    """

    pattern: str
    to: str | Callable[[Match, FileContext], str | None]
    include: str | tuple[str, ...] = ()
    where: Predicate | None = None
    since: str = "1.0"
    compat: str = ""

    @property
    def includes(self) -> tuple[str, ...]:
        return (self.include,) if isinstance(self.include, str) else self.include


@dataclass
class Rewrite:
    """What is known of one API that went away.

    Either ``cases`` (code-shaped patterns) or ``fix`` (a function for what depends on more than one place), with ``triggers``, the words
    without which a file is not even parsed. ``removed_in`` is the first torch release (``cuda_removed_in``: CUDA release) where the old
    form does not compile or link, ``deprecated_in`` (``cuda_deprecated_in``) the first where it merely warns. ``tier`` is "safe" (same
    behaviour) or "unsafe". ``default`` False: only when selected by name or by its ``group``, the folder that it lies in, or when
    ``option``, a flag of ``cuport migrate``, asks for it. ``language`` is what it reads: "c++", "python", or "build" (make files, CMake,
    shell scripts, requirements).
    """

    id: str
    doc: str
    cases: tuple[Case, ...] = ()
    fix: Fixer | None = None
    triggers: frozenset[str] = frozenset()
    removed_in: str | None = None
    deprecated_in: str | None = None
    cuda_removed_in: str | None = None
    cuda_deprecated_in: str | None = None
    tier: str = "safe"
    default: bool = True
    option: str = ""
    link: str = ""
    order: int = 0  # rewrites of a higher order run once those of the lower ones have settled in the whole project
    language: str = "c++"
    cross_file: bool = False  # looks at other files, so it runs again whenever one of them changed
    group: str = ""
    remembers: bool = False  # keeps something of the project from one pass to the next, so one process asks it of all files, in their order
    instead: Callable[[str], tuple[str | None, str] | None] | None = field(default=None, repr=False)  # of a name that is gone: last release, what to write
    _compiled: list = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        from migrator.pattern import compile_pattern

        if self.cases:
            self._compiled = [(case, compile_pattern(case.pattern)) for case in self.cases]
            self.triggers = self.triggers | frozenset(p.anchor for _, p in self._compiled)
        if not self.triggers:
            raise ValueError(f"rewrite {self.id} has no trigger word")
        self.trigger_bytes = frozenset(t.encode() for t in self.triggers)

    @property
    def title(self) -> str:
        return self.doc.strip().splitlines()[0]

    def reason(self, settings: Settings) -> str | None:
        """Why the rewrite applies at these settings: "broken", "deprecated", or None when it does not."""
        if self.cuda_removed_in is not None and releases.parse(self.cuda_removed_in) <= settings.cuda:
            return "broken"
        if self.removed_in is not None and releases.parse(self.removed_in) <= settings.target:
            return "broken"
        if self.deprecated_in is not None and releases.parse(self.deprecated_in) <= settings.target:
            return "deprecated"
        if self.cuda_deprecated_in is not None and releases.parse(self.cuda_deprecated_in) <= settings.cuda:
            return "deprecated"
        return None

    @property
    def when(self) -> str:
        """Since when the old form is gone or deprecated, in words."""
        if self.group == OWN_GROUP:
            return "the project's own"
        parts = [f"removed in torch {self.removed_in}"] if self.removed_in else []
        parts += [f"removed in CUDA {self.cuda_removed_in}"] if self.cuda_removed_in else []
        parts += [f"deprecated in torch {self.deprecated_in}"] if self.deprecated_in else []
        parts += [f"deprecated in CUDA {self.cuda_deprecated_in}"] if self.cuda_deprecated_in else []
        return ", ".join(parts) or f"with {self.option or f'--select {self.group}'}"

    def is_named(self, names: frozenset[str]) -> bool:
        """Whether one of the names means this rewrite: its id, the start of it, its group, or ``default`` (every one that is on by default)."""
        return any(
            self.id == name or self.id.startswith(name + "-") or self.group == name or (name == DEFAULT and self.default) for name in names
        )

    def selected(self, settings: Settings) -> bool:
        """Whether the settings (select, ignore, tier, target, only-broken) turn this rewrite on."""
        if self.id in settings.extra:
            return True
        if self.is_named(settings.ignore):
            return False
        if (settings.select or not self.default) and not self.is_named(settings.select):
            return False
        if self.tier == "unsafe" and not settings.unsafe:
            return False
        if not self.default:
            return True
        reason = self.reason(settings)
        return reason == "broken" or (reason == "deprecated" and not settings.only_broken)

    def results(self, ctx: FileContext) -> Iterator[Result]:
        """The changes and findings of this rewrite in one file."""
        if self.fix is not None:
            yield from self.fix(ctx)
        if self._compiled:
            yield from self._match(ctx)

    def _match(self, ctx: FileContext) -> Iterator[Result]:
        by_anchor: dict[str, list] = {}
        for case, pattern in self._compiled:
            if pattern.may_match(ctx.file):
                by_anchor.setdefault(pattern.anchor, []).append((case, pattern))
        for leaf in ctx.names(by_anchor):
            allowed: tuple[Case, Match] | None = None
            missing: tuple[Case, Match] | None = None
            for case, pattern in by_anchor[leaf.text]:
                match = pattern.match_at(leaf)
                if match is None:
                    continue
                verdict = True if case.where is None else case.where(match, ctx)
                if isinstance(verdict, str):
                    yield Finding(self.id, match.node.start, verdict)
                    break
                if not verdict:
                    continue
                since = releases.parse(case.since)
                if since > settings_floor(ctx):
                    missing = missing or (case, match)
                elif allowed is None or since > releases.parse(allowed[0].since):
                    allowed = (case, match)
            if allowed is not None:
                case, match = allowed
                to = case.to(match, ctx) if callable(case.to) else case.to
                if to is not None:
                    edits = match.replace(to)
                    if edits:
                        yield Change(self.id, edits, case.includes, compat=(case.compat,) if case.compat else ())
            elif missing is not None and self.reason(ctx.settings) == "broken":
                case, match = missing
                yield Finding(
                    self.id,
                    match.node.start,
                    f"{leaf.text} has to become {case.to if isinstance(case.to, str) else 'the newer form'}, which exists since torch {case.since}",
                    f"raise --min-torch to {case.since}, or guard the line by TORCH_VERSION by hand",
                )


def settings_floor(ctx: FileContext) -> releases.Release:
    """The oldest release that the port must compile on."""
    return releases.minor(ctx.settings.min_torch)


@dataclass(frozen=True)
class Settings:
    """What the user asked for. ``target`` and ``min_torch`` are the ends of the range of releases the port must compile on.

    ``per_file_ignores`` are patterns of paths below ``root`` with the rules that are ignored there, ``dispatch_macros`` macros of headers that
    are not at hand and take the type first, as ``AT_DISPATCH_*`` does. ``extra`` names rewrites that run on request only, beside the others.
    ``skipped`` are single changes that are not wanted: the real path, the rule, and a line of the original that the change has an edit in.
    """

    target: releases.Release = releases.parse(releases.NEWEST)
    min_torch: releases.Release = releases.parse(releases.NEWEST)
    cuda: releases.Release = (13, 2)
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    annotate: bool = False  # comments at what is left to do by hand
    amp_compat: bool = False  # mixed precision from the module of `cuport amp-shim`
    unsafe: bool = False
    only_broken: bool = False
    per_file_ignores: tuple[tuple[str, frozenset[str]], ...] = ()
    root: Path = Path()
    dispatch_macros: frozenset[str] = frozenset()
    target_from: str = ""  # what ``target`` was read from, where nobody named it
    skipped: frozenset[tuple[Path, str, int]] = frozenset()

    def ignores_in(self, path: Path, rule: str) -> bool:
        """Whether the configuration ignores a rule in a file."""
        return any(
            rule in ids and matches(pattern, path, self.root) for pattern, ids in self.per_file_ignores
        )
