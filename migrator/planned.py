"""The whole change as a value: what every report prints and ``apply`` writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from migrator.project import Problem
from migrator.replacements import Replacement
from migrator.rewrite import Settings
from migrator.vendored import Aside


@dataclass(frozen=True)
class Applied:
    """One change that was made: the rewrite, the line of the original where it stands, and what a person should know of it."""

    rule: str
    line: int
    note: str = ""


@dataclass(frozen=True)
class Left:
    """What is left to do by hand: rewrite, line in the original and in the new file, what is wrong, what to write."""

    rule: str
    line: int
    new_line: int
    message: str
    advice: str


@dataclass(frozen=True)
class Rule:
    """What a report says of a rewrite: its one-line title, why it is there, when (in words) the old form went, how much it matters.

    ``severity`` is "broken" (does not compile on the target), "deprecated" (compiles there and warns) or "other". ``link`` may be empty.
    """

    id: str
    title: str
    why: str
    when: str
    severity: str
    tier: str
    link: str = ""


@dataclass(frozen=True)
class UnusedIgnore:
    """A comment that ignores what is not there: its file, its 1-based line, and the rules in vain (empty: it names none)."""

    path: Path
    line: int
    rules: tuple[str, ...]


@dataclass(frozen=True)
class PlannedFile:
    """One file: its real path, the path as the user knows it, its bytes before and after, what was done, what is left.

    ``new_path`` is the real path that it moves to, if it does. A file that is ``created`` has no bytes before. ``replacements`` are sorted,
    apart from one another, and turn ``before`` into ``after``; a created file has none.
    """

    real: Path
    path: Path
    before: bytes
    after: bytes
    applied: tuple[Applied, ...] = ()
    left: tuple[Left, ...] = ()
    new_path: Path | None = None
    created: bool = False
    replacements: tuple[Replacement, ...] = ()

    @property
    def changed(self) -> bool:
        return self.before != self.after or self.created or self.new_path is not None

    @property
    def destination(self) -> Path:
        """The real path that the new bytes go to."""
        return self.new_path or self.real

    @property
    def shown_destination(self) -> Path:
        """The same as the user knows it."""
        if self.new_path is None:
            return self.path
        return self.path.with_name(self.new_path.name) if self.new_path.parent == self.real.parent else self.new_path


@dataclass(frozen=True)
class Plan:
    """A planned migration: the files that change or need a hand, how many were read, and the paths that could not be read.

    ``untouched`` are the files that need nothing, ``rules`` the rewrites that ``files`` name, by id, ``settings`` what was asked for. ``given``
    are the real paths that were asked for, ``aside`` what was not read because other people keep it up.
    """

    files: tuple[PlannedFile, ...]
    files_read: int
    problems: tuple[Problem, ...] = ()
    untouched: tuple[Path, ...] = ()
    rules: dict[str, Rule] = field(default_factory=dict)
    settings: Settings = Settings()
    unused_ignores: tuple[UnusedIgnore, ...] = ()
    given: tuple[Path, ...] = ()
    aside: tuple[Aside, ...] = ()

    @property
    def changed(self) -> list[PlannedFile]:
        return [f for f in self.files if f.changed]

    @property
    def edits_by_rule(self) -> Counter[str]:
        return Counter(a.rule for f in self.files for a in f.applied)

    @property
    def files_by_rule(self) -> Counter[str]:
        return Counter(rule for f in self.files for rule in {a.rule for a in f.applied})

    @property
    def notes(self) -> list[tuple[PlannedFile, Applied]]:
        return [(f, a) for f in self.files for a in f.applied if a.note]

    @property
    def left(self) -> list[tuple[PlannedFile, Left]]:
        return [(f, item) for f in self.files for item in f.left]
