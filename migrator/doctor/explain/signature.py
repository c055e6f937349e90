"""The vocabulary that the signatures are written in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Signature:
    """One symptom and what it means.

    All patterns are regular expressions that are searched in normalised text (no ANSI codes, typographic quotes made plain). ``line`` is
    for the failing line itself. Where that line alone could mean something else, the others narrow it down: ``then`` in the lines after
    it up to the next error, ``before`` in the lines just above it or in the command that was run, ``earlier`` anywhere above,
    ``unless`` in none of these. A pattern too wide gives a wrong answer, which is worse than none.

    ``kind`` is "error", "warning" (told beside an error, or alone where the log has none) or "follow-on" (never blamed while the log has
    another error); "as-line" is a warning where the line is one.
    """

    id: str
    rows: str
    """Which rows of the inventory of symptoms it answers."""
    symptom: str
    line: str
    cause: str
    fix: str
    command: str = ""
    beware: str = ""
    """A remedy that goes round and does harm."""
    source: str = ""
    then: str = ""
    before: str = ""
    earlier: str = ""
    unless: str = ""
    kind: str = "error"
    rewrites: tuple[str, ...] = ()
    """Which rewrites change the line, by id."""
    lone: bool = False
    """The line is the last one of a log of a process that hangs."""

    @cached_property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        names = ("line", "then", "before", "earlier", "unless")
        return {name: re.compile(getattr(self, name)) for name in names if getattr(self, name)}

    @property
    def weight(self) -> int:
        """How narrow it is; the narrower of two counts."""
        return len(self.patterns)


def either(*patterns: str) -> str:
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def not_run(programs: str) -> str:
    """A program that a shell does not find, named with or without its folder."""
    return rf"^\S*sh: (?:line )?(?:\d+: )?{programs}: (?:(?:command )?not found|No such file or directory|没有那个文件或目录|未找到命令)"


def undeclared(names: str) -> str:
    """A name that the compiler does not know, as gcc, clang, nvcc and MSVC say it, in English and Chinese."""
    name = f"(?:{names})"
    return either(
        rf"'(?:\w+::)*{name}' (?:was not declared in this scope|has not been declared|is not a member of|undeclared)",
        rf"'(?:\w+::)*{name}' ?(?:在此作用域中尚未声明|未声明|不是'[^']*'的成员)",
        rf"use of undeclared identifier '{name}'",
        rf"no member named '{name}' in",
        rf"implicit declaration of function '{name}'",
        rf'identifier "{name}" is undefined',
        rf'has no member "{name}"',
        rf"""["']{name}["']: (?:identifier not found|undeclared identifier|is not a member of|找不到标识符|未声明的标识符|不是)""",
    )


def missing_header(paths: str) -> str:
    """A header that is not there, likewise."""
    path = f"(?:{paths})"
    return either(
        rf"(?<![\w/.+-]){path}\s?[:：]\s?(?:No such file or directory|没有那个文件或目录)",
        rf"'{path}' file not found",
        rf"""C1083: .*["']{path}["']""",
        rf'(?:cannot|could not) open source file "{path}"',
    )
