"""The commands of make files and shell scripts, and which object nvcc makes there of which source, with which flags. Read, never run."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrator.verify.units import KEPT_FLAGS

RUNS_SHELL = frozenset(
    {"os.system", "os.popen", *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen", "getoutput"))}
)
_NVCC = re.compile(r"\$\(which nvcc\)|`which nvcc`|\$[({]?NVCC[)}]?")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))")
_ASSIGNED = re.compile(r"(?:export[ \t]+)?(\w+)[ \t]*[:?]?=[ \t]*(.*)")
_CONTINUED = re.compile(rb"[^\n]*?\\\r?\n")
_OPENING = re.compile(rb"(?:\b(?:then|do|else)|\{|\))[ \t]*\r?\n\Z")


@dataclass(frozen=True)
class Compilation:
    """One nvcc command: its script, the bytes of its lines, and what it makes of what.

    ``alone``: the lines hold nothing else, and can go. ``for_module``: the object is position-independent code, as a Python module needs.
    """

    script: Path
    start: int
    end: int
    source: Path
    object: Path
    flags: tuple[str, ...]
    for_module: bool
    alone: bool


def compilations(project) -> list[Compilation]:
    """The nvcc commands of the project's scripts, as they were before anything was rewritten."""
    known = project.__dict__.get("_nvcc_compilations")
    if known is None:
        known = project.__dict__["_nvcc_compilations"] = [
            made
            for path, file in sorted(project.scripts.items())
            if path.suffix != ".py" and (b"nvcc" in file.words or b"NVCC" in file.words)
            for made in read(path, file.data)
        ]
    return known


@dataclass(frozen=True)
class Command:
    """One command of a script: the bytes of its lines, the folder it runs in, its words. ``alone``: the lines hold nothing else."""

    start: int
    end: int
    folder: Path
    words: tuple[str, ...]
    alone: bool


def read(script: Path, data: bytes) -> list[Compilation]:
    """The nvcc commands of one script."""
    found = []
    for command in commands(script, data):
        if os.path.basename(command.words[0].lstrip("@-")) == "nvcc":
            made = _command(list(command.words[1:]), command.folder)
            if made is not None:
                found.append(Compilation(script, command.start, command.end, *made, command.alone))
    return found


def commands(script: Path, data: bytes) -> Iterator[Command]:
    """The commands of one script. Folders are followed through ``cd``, variables through plain assignments."""
    folder, names = script.parent, {}
    for start, end in _lines(data):
        text = re.sub(r"\\\r?\n", " ", data[start:end].decode("utf-8", "surrogateescape")).strip()
        if not text or text.startswith("#"):
            continue
        if assigned := _ASSIGNED.fullmatch(text):
            names[assigned.group(1)] = assigned.group(2).strip("\"' \t")
            continue
        alone = not re.search(r"&&|\|\||[;|<>]", text)
        for command in re.split(r"&&|;", text):
            words = _words(_expanded(_NVCC.sub("nvcc", command), names))
            if len(words) == 2 and words[0] == "cd":
                folder = Path(os.path.normpath(folder / words[1]))
            elif words:
                yield Command(start, end, folder, tuple(words), alone and not _OPENING.search(data[:start]))


def _lines(data: bytes):
    """The spans of the lines, those that a backslash continues taken together."""
    start = 0
    while start < len(data):
        end = start
        while (more := _CONTINUED.match(data, end)) is not None:
            end = more.end()
        newline = data.find(b"\n", end)
        end = len(data) if newline < 0 else newline + 1
        yield start, end
        start = end


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return []


def _expanded(text: str, names: dict[str, str]) -> str:
    for _ in range(4):
        text = _VARIABLE.sub(lambda m: names.get(m.group(1) or m.group(2) or m.group(3), m.group()), text)
    return text


def _command(words: list[str], folder: Path) -> tuple[Path, Path, tuple[str, ...], bool] | None:
    sources = [w for w in words if w.endswith(".cu")]
    if len(sources) != 1:
        return None
    made = words[words.index("-o") + 1] if "-o" in words[:-1] else os.path.splitext(os.path.basename(sources[0]))[0] + ".o"
    flags = []
    for i, word in enumerate(words):
        if word == "-D" and i + 1 < len(words):
            flags.append("-D" + words[i + 1])
        elif "$" not in word and (len(word) > 2 and word.startswith("-D") or KEPT_FLAGS.match(word)):
            flags.append(word)
    paths = [Path(os.path.normpath(folder / p)) for p in (sources[0], made)]
    return paths[0], paths[1], tuple(dict.fromkeys(flags)), any("-fPIC" in w for w in words)
