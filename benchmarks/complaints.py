"""What a compiler says of a source, as values: which names it lacks, which headers, and where else it stops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ABSENT = "cuport-absent"  # what the stand-in of a missing header warns with

_EDG = re.compile(r"(?P<file>[^()\n]+)\((?P<line>\d+)\): (?:catastrophic )?error(?: #[\w-]+)?: (?P<text>.*)")
_GCC = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+):\d+: (?:fatal )?error: (?P<text>.*)")
_STAND_IN = re.compile(rf"warning: #warning {ABSENT} (\S+)")
_INCLUDED = re.compile(r"In file included from (?P<file>[^:\n]+):(?P<line>\d+)")
_EDG_PLACE = re.compile(r"at line (?P<line>\d+) of (?:\"(?P<quoted>[^\"]+)\"|(?P<file>\S+))")
_GCC_PLACE = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+):\d+:\s+required from here")

# What cudafe and g++ say of a name that is not there. ``scope`` is the class or namespace that lacks it.
_NAMED = tuple(
    re.compile(pattern)
    for pattern in (
        r'identifier "(?P<name>[^"]+)" is undefined',
        r'(?:class|struct|enum|namespace|class template) "(?P<scope>[^"]+)"(?: \(.*\))? has no (?:actual )?member "(?P<name>[^"]+)"',
        r'the global scope has no "(?P<name>[^"]+)"',
        r'"?(?P<name>[\w:]+)"? is not a (?:class|struct)?\s*template',
        r'incomplete type "(?:struct |class )?(?P<name>[\w:]+)',
        r'pointer or reference to incomplete type "(?:struct |class )?(?P<name>[\w:]+)',
        r"'(?P<name>[^']+)' is not a member of '(?P<scope>[^']+)'",
        r"'(?P<name>[^']+)' in (?:namespace|class|struct) '(?P<scope>[^']+)' does not name",
        r"'(?:const )?(?:class |struct |union )?(?P<scope>[^']+)' has no member named '(?P<name>[^']+)'",
        r"'(?P<name>[^']+)' (?:was|has) not (?:been )?declared",
        r"'(?P<name>[^']+)' does not name a (?:template )?type",
        r"'(?P<name>[^']+)' is not a (?:class, namespace|template)",
        r"there are no arguments to '(?P<name>[^']+)' that depend",
        r"incomplete type '(?:struct |class )?(?P<name>[\w:]+)",
    )
)
_HEADER = re.compile(r"(?:could not open source file \"(?P<edg>[^\"]+)\"|(?P<gcc>\S+): No such file or directory)")
# What only follows from something that was not understood before it.
_FOLLOWS = re.compile(
    r"expected (?:a|an|unqualified|primary|initializer|'|\)|;|declaration|constructor|identifier|nested)|declared void|type specifier|"
    r"not a type name|cannot be used as a function|invalid use of void|unable to deduce|cannot deduce|has incomplete type|"
    r"template argument \d+ is invalid|redefinition of|already been defined|already has a body|cannot convert 'int'|"
    r"type name is not allowed|must be a class or namespace|no default constructor|expression must have|attribute|template-id|"
    r"too many errors|this declaration has no storage class|not allowed|invalid type conversion"
)


@dataclass(frozen=True, order=True)
class Complaint:
    """One error at a line of a project's file. ``kind``: "name" (``scope`` lacks ``name``), "header" (it is not there), or "other"."""

    file: Path
    line: int
    kind: str
    name: str
    scope: str = ""
    text: str = ""

    @property
    def follows(self) -> bool:
        """Whether it is of a kind that follows from an earlier error."""
        return self.kind == "other" and _FOLLOWS.search(self.text) is not None


def complaints(output: str, root: Path) -> list[Complaint]:
    """The errors of nvcc's front end or g++ (with ``LC_ALL=C``, run in ``root``) about files below ``root``, each once."""
    lines = output.splitlines()
    found: set[Complaint] = set()
    for i, line in enumerate(lines):
        stand_in = _STAND_IN.search(line)
        if stand_in:
            place = next((m for each in reversed(lines[max(0, i - 30) : i]) if (m := _INCLUDED.match(each))), None)
            if place and (file := _below(place["file"], root)):
                found.add(Complaint(file, int(place["line"]), "header", stand_in[1]))
            continue
        match = _EDG.match(line) or _GCC.match(line)
        if match:
            at = next(_places(match, lines, i, root), None)
            if at is not None:
                found.add(_read(*at, match["text"]))
    return sorted(found)


def _read(file: Path, line: int, text: str) -> Complaint:
    header = _HEADER.match(text)
    if header:
        return Complaint(file, line, "header", header["edg"] or header["gcc"], text=text)
    for pattern in _NAMED:
        match = pattern.search(text)
        if match:
            parts = match.groupdict()
            *outer, name = _bare(parts["name"]).split("::")
            scope = "::".join([_bare(parts["scope"])] if parts.get("scope") else outer)
            return Complaint(file, line, "name", name, scope, text)
    return Complaint(file, line, "other", "", text=text)


def _bare(name: str) -> str:
    """A name without template arguments."""
    while "<" in name and (less := re.sub(r"<[^<>]*>", "", name)) != name:
        name = less
    return name.split("<")[0].split("(")[0].strip().removeprefix("::")


def _places(match: re.Match, lines: list[str], i: int, root: Path) -> Iterator[tuple[Path, int]]:
    """Where an error stands in the project: its own line, else the one that made the compiler read torch's."""
    if file := _below(match["file"], root):
        yield file, int(match["line"])
    for each in lines[i + 1 : i + 40]:
        if _EDG.match(each):
            break
        if place := _EDG_PLACE.search(each):
            if file := _below(place["quoted"] or place["file"], root):
                yield file, int(place["line"])
    for each in reversed(lines[max(0, i - 40) : i]):
        if place := _GCC_PLACE.match(each):
            if file := _below(place["file"], root):
                yield file, int(place["line"])


def _below(name: str, root: Path) -> Path | None:
    path = (root / name.strip()).resolve()
    return path if path.is_relative_to(root) else None
