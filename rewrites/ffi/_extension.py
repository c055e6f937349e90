"""Which functions ``torch.utils.ffi`` handed to Python: read from the build script as text, never run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrator.syntax.tree import Node
from migrator.verify.static_python import UNKNOWN, Call, read_script
from rewrites.ffi import _th

_POSITIONS = ("name", "headers", "sources")
_HEADERS = (".h", ".hpp", ".hh")


@dataclass(frozen=True)
class Extension:
    """One ``create_extension`` call: its place, its name, the headers that it exports, its sources, and whether it defines WITH_CUDA."""

    script: Path
    line: int
    name: str
    headers: tuple[Path, ...]
    sources: tuple[Path, ...]
    guarded: bool

    @property
    def bindings(self) -> Path:
        """Where the generated module goes: beside the first header."""
        return self.headers[0].parent / f"{self.name.split('.')[-1]}_bindings.cpp"


def extensions(project) -> list[Extension]:
    """The ``create_extension`` calls near the project's sources, as the scripts were before anything was rewritten."""
    cached = project.__dict__.get("_ffi_extensions")
    if cached is None:
        cached = project.__dict__["_ffi_extensions"] = _find(project)
    return cached


def _find(project) -> list[Extension]:
    found = []
    for script, text in sorted(_scripts(project).items()):
        try:
            runs = [read_script(text, script, "create_extension".__eq__, cuda=cuda).calls for cuda in (True, False)]
        except (SyntaxError, ValueError):
            continue
        calls: dict[int, list[Call]] = {}
        for call in [*runs[0], *runs[1]]:
            calls.setdefault(call.line, []).append(call)
        for line, forms in sorted(calls.items()):
            given: dict[str, list] = {"headers": [], "sources": [], "define_macros": []}
            name = None
            for call in forms:
                arguments = {**dict(zip(_POSITIONS, call.args, strict=False)), **call.kwargs}
                name = arguments["name"] if isinstance(arguments.get("name"), str) else name
                for key, values in given.items():
                    values += _listed(arguments.get(key))
            headers = _known(project, script, given["headers"], _HEADERS)
            if name is not None and headers:
                guarded = any(isinstance(m, tuple) and m[:1] == ("WITH_CUDA",) for m in given["define_macros"])
                found.append(Extension(script, line, name, headers, _known(project, script, given["sources"]), guarded))
    return found


def _scripts(project) -> dict[Path, str]:
    """The build scripts: those of the project, and those beside or above its headers of TH."""
    found = {
        path: file.data.decode("utf-8", "replace")
        for path, file in project.scripts.items()
        if path.suffix == ".py" and b"create_extension" in file.words
    }
    folders = {
        folder
        for path, file in project.files.items()
        if path.suffix in _HEADERS and any(w.decode() in _th.TENSOR_TYPES for w in file.words)
        for folder in list(path.parents)[:4]
    }
    for folder in folders:
        try:
            for script in folder.glob("*.py"):
                if script not in project.scripts:
                    text = script.read_text("utf-8", "replace")
                    if "create_extension" in text:
                        found[script] = text
        except OSError:
            continue
    return found


def _listed(value: Any) -> list:
    return [value] if isinstance(value, str) else [v for v in value if v is not UNKNOWN] if isinstance(value, (list, tuple)) else []


def _known(project, script: Path, names: list, suffixes: tuple[str, ...] = ()) -> tuple[Path, ...]:
    paths = [Path(os.path.normpath(script.parent / n)) for n in names if isinstance(n, str)]
    return tuple(dict.fromkeys(p for p in paths if p in project.files and (not suffixes or p.suffix in suffixes)))


def is_entry_point(ctx, definition: Node, declarator: Node) -> bool:
    """Whether Python calls a function: one of a cffi header declares it; without such a header, nothing else in the project calls it."""
    data = ctx.file.data
    if b"static" in data[definition.start : declarator.start].split() or b"inline" in data[definition.start : declarator.start].split():
        return False
    name = _th.name_of(declarator)
    headers = {header for extension in extensions(ctx.project) for header in extension.headers}
    if headers:
        return any(d.tree.file is ctx.project.files.get(h) for d in ctx.project.functions(name) for h in headers)
    for path in ctx.project.with_word(name):
        for leaf in ctx.project.tree(path).names({name}):
            parent = leaf.parent
            if parent is not None and parent.kind == "call_expression" and leaf.field == "function":
                return False
    return True
