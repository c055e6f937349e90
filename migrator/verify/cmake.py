"""Reads the source lists of a CMakeLists.txt, without CMake."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_COMMENT = re.compile(r"#\[\[.*?\]\]|#[^\n]*", re.DOTALL)
_COMMAND = re.compile(r"([A-Za-z_]\w*)\s*\(((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*)\)")
_WORD = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+)")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_TARGETS = {"add_library", "add_executable", "cuda_add_library", "cuda_add_executable", "pybind11_add_module", "torch_add_library"}
_KEYWORDS = {
    "SHARED",
    "STATIC",
    "MODULE",
    "OBJECT",
    "PRIVATE",
    "PUBLIC",
    "INTERFACE",
    "EXCLUDE_FROM_ALL",
    "SYSTEM",
    "BEFORE",
    "AFTER",
    "THIN_LTO",
    "NO_EXTRAS",
    "OPTIONS",
    "CONFIGURE_DEPENDS",
}


@dataclass
class Target:
    name: str
    sources: list[str] = field(default_factory=list)
    include_dirs: list[str] = field(default_factory=list)
    defines: list[str] = field(default_factory=list)


def read_cmake(path: Path) -> list[Target]:
    """The targets of one file. Conditions are not evaluated: what any arm adds is taken."""
    text = _COMMENT.sub("", path.read_bytes().decode("utf-8", "replace"))
    folder = str(path.parent)
    variables: dict[str, list[str]] = {
        name: [folder] for name in ("CMAKE_CURRENT_SOURCE_DIR", "CMAKE_SOURCE_DIR", "PROJECT_SOURCE_DIR", "CMAKE_CURRENT_LIST_DIR")
    }
    targets: dict[str, Target] = {}
    include_dirs: list[str] = []
    defines: list[str] = []
    for match in _COMMAND.finditer(text):
        command, words = match.group(1).lower(), _words(match.group(2), variables)
        if not words:
            continue
        first, rest = words[0], [w for w in words[1:] if w not in _KEYWORDS]
        if command == "project":
            variables["PROJECT_NAME"] = variables["CMAKE_PROJECT_NAME"] = [first]
        elif command == "set":
            variables[first] = rest
        elif command == "list" and first.upper() == "APPEND" and rest:
            variables.setdefault(rest[0], []).extend(rest[1:])
        elif command == "file" and first.upper() in ("GLOB", "GLOB_RECURSE") and rest:
            variables[rest[0]] = [hit for pattern in rest[1:] for hit in _glob(folder, pattern, first.upper().endswith("RECURSE"))]
        elif command in _TARGETS:
            targets[first] = Target(first, rest)
        elif command == "target_sources" and first in targets:
            targets[first].sources += rest
        elif command == "include_directories":
            include_dirs += [w for w in words if w not in _KEYWORDS]
        elif command == "target_include_directories" and first in targets:
            targets[first].include_dirs += rest
        elif command in ("add_definitions", "add_compile_definitions"):
            defines += [re.sub(r"^-D", "", w) for w in words if not w.startswith("-") or w.startswith("-D")]
        elif command == "target_compile_definitions" and first in targets:
            targets[first].defines += [re.sub(r"^-D", "", w) for w in rest]
    for target in targets.values():
        target.include_dirs = include_dirs + target.include_dirs
        target.defines = defines + target.defines
    return list(targets.values())


def _words(text: str, variables: dict[str, list[str]]) -> list[str]:
    out: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group(1) if match.group(1) is not None else match.group(2)
        whole = _VARIABLE.fullmatch(word)
        if whole:
            out += variables.get(whole.group(1), [])
        else:
            out.append(_VARIABLE.sub(lambda m: " ".join(variables.get(m.group(1), [])), word))
    return out


def _glob(folder: str, pattern: str, recursive: bool) -> list[str]:
    if recursive:
        head, tail = os.path.split(pattern)
        pattern = os.path.join(head, "**", tail)
    return sorted(glob.glob(os.path.join(folder, pattern), recursive=recursive))
