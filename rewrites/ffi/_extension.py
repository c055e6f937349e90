"""Which functions ``torch.utils.ffi`` handed to Python: read from the build script as text, never run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from migrator.syntax.tree import Node
from rewrites.ffi import _th

_STRING = r"""['"]([^'"\n]+)['"]"""
_CREATE = re.compile(r"create_extension\s*\(\s*(?:name\s*=\s*)?" + _STRING)
_SOURCE = re.compile(r"""['"]([^'"\n]+\.(?:h|hpp|c|cpp|cc))['"]""")


@dataclass(frozen=True)
class Extension:
    """One ``create_extension`` call: its build script, its name, the headers it exports, its C sources, whether it defines WITH_CUDA."""

    script: Path
    name: str
    headers: tuple[Path, ...]
    sources: tuple[Path, ...]
    guarded: bool

    @property
    def bindings(self) -> Path:
        """Where the generated module goes: beside the first header."""
        return self.headers[0].parent / f"{self.name.split('.')[-1]}_bindings.cpp"


def extensions(project) -> list[Extension]:
    """The ``create_extension`` calls near the project's sources."""
    cached = project.__dict__.get("_ffi_extensions")
    if cached is None:
        cached = project.__dict__["_ffi_extensions"] = _find(project)
    return cached


def _find(project) -> list[Extension]:
    folders: set[Path] = set()
    for path, file in project.files.items():
        if path.suffix == ".h" and any(w.decode() in _th.TENSOR_TYPES for w in file.words):
            folders.update(list(path.parents)[:4])
    found = []
    for folder in sorted(folders):
        try:
            scripts = sorted(folder.glob("*.py"))
        except OSError:
            continue
        for script in scripts:
            try:
                text = script.read_text("utf-8", "replace")
            except OSError:
                continue
            match = _CREATE.search(text)
            if match is None:
                continue
            text = re.sub(r"(?m)^\s*#.*$", "", text)
            paths = [Path(os.path.normpath(script.parent / name)) for name in dict.fromkeys(_SOURCE.findall(text))]
            known = [path for path in paths if path in project.files]
            headers = tuple(path for path in known if path.suffix in (".h", ".hpp"))
            if headers:
                found.append(Extension(script, match.group(1), headers, tuple(p for p in known if p not in headers), "WITH_CUDA" in text))
    return found


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
