"""What the build files of a project compile: one value for each extension, with and without CUDA. Read, never run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.source import HOST_SUFFIXES
from migrator.verify.static_python import Call, Unknown, read_script

CALLS = frozenset({"CUDAExtension", "CppExtension", "load"})
_SOURCES = HOST_SUFFIXES | {".cu"}
_LISTS = {  # argument of the call -> argument of CUDAExtension
    "include_dirs": "include_dirs",
    "extra_include_paths": "include_dirs",
    "libraries": "libraries",
    "library_dirs": "library_dirs",
    "extra_objects": "extra_objects",
    "extra_link_args": "extra_link_args",
    "extra_ldflags": "extra_link_args",
    "undef_macros": "undef_macros",
}
_PATHS = frozenset({"include_dirs", "library_dirs", "extra_objects"})
_MODULES = (b"PYBIND11_MODULE", b"TORCH_LIBRARY", b"TORCH_LIBRARY_FRAGMENT")


@dataclass(frozen=True)
class Build:
    """One way to build an extension: whether as a CUDAExtension, its sources, and its other arguments: lists, or a dict of lists."""

    cuda: bool
    sources: list[str]
    arguments: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Specification:
    """One extension: where it is written down (``script``, ``line``), by what kind of call, its import path from the root, its builds.

    ``trouble`` says why there is none, or what of it could not be read.
    """

    script: Path
    line: int
    call: str
    name: str
    with_cuda: Build | None = None
    without: Build | None = None
    trouble: tuple[str, ...] = ()

    @property
    def packages(self) -> list[str]:
        parts = self.name.split(".")[:-1]
        return [".".join(parts[: i + 1]) for i in range(len(parts))]


@dataclass
class _Found:
    name: str
    builds: dict[bool, Build] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)


def specifications(project, root: Path) -> list[Specification]:
    """The extensions of the project under ``root``, as its build scripts are now; without such scripts, those that its sources define."""
    words = {c.encode() for c in CALLS}
    found = [
        spec
        for path, file in sorted(project.scripts.items())
        if path.suffix == ".py" and path.is_relative_to(root) and file.words & words and b"cpp_extension" in file.words
        for spec in _of_script(project, root, path, file.data.decode("utf-8-sig", "replace"))
    ]
    return found or list(_of_sources(project, root))


def _of_script(project, root: Path, script: Path, text: str) -> Iterator[Specification]:
    found: dict[tuple[int, str], _Found] = {}
    for cuda in (True, False):
        try:
            calls = read_script(text, script, CALLS.__contains__, cuda=cuda, moves=project.moves, made=project.made).calls
        except (SyntaxError, ValueError):
            return
        for call in calls:
            if call.name == "load" and not call.imported_from.startswith("torch."):
                continue
            given = {**dict(zip(("name", "sources"), call.args, strict=False)), **call.kwargs}
            name = given.get("name")
            kind = "load" if call.name == "load" else "extension"
            entry = found.setdefault((call.line, kind), _Found(name if isinstance(name, str) else ""))
            _add(project, root, script, call, given, cuda, entry)
    for (line, kind), entry in sorted(found.items()):
        name, trouble = _import_path(project, root, script, entry.name, kind)
        builds = dict(entry.builds)
        if False in builds and (builds[False].cuda or any(s.endswith(".cu") for s in builds[False].sources)):
            del builds[False]
        if builds.get(True) == builds.get(False):
            builds.pop(True, None)
        problems = tuple(dict.fromkeys([*entry.trouble, *trouble]))
        yield Specification(script, line, kind, name, builds.get(True), builds.get(False), problems)


def _add(project, root: Path, script: Path, call: Call, given: dict, cuda: bool, entry: _Found) -> None:
    sources = given.get("sources")
    if not isinstance(sources, (list, tuple)) or not sources or any(not isinstance(s, (str, Path)) for s in sources):
        if cuda or not isinstance(sources, (list, tuple)):
            entry.trouble.append("its list of sources is made at run time")
        return
    paths = [Path(os.path.normpath(script.parent / s)) for s in dict.fromkeys(map(str, sources))]
    there = {project.moves.get(p, p) for p in project.files} | project.made
    missing = [p.name for p in paths if p not in there and not p.exists()]
    outside = [p for p in paths if not p.is_relative_to(root)]
    if missing or outside:
        entry.trouble.append(f"{', '.join(missing) or outside[0].name} is not under the folder that was given")
        return
    stems: dict[Path, Path] = {}
    for path in paths:
        other = stems.setdefault(path.with_suffix(""), path)
        if other != path:
            entry.trouble.append(f"{other.name} and {path.name} make the same object file: rename one")
            return
    is_cuda = call.name == "CUDAExtension" or any(p.suffix == ".cu" for p in paths)
    arguments = list(_arguments(root, script, given, is_cuda, entry))
    entry.builds[cuda] = Build(is_cuda, [p.relative_to(root).as_posix() for p in paths], arguments)


def _arguments(root: Path, script: Path, given: dict, cuda: bool, entry: _Found) -> Iterator[tuple[str, Any]]:
    for old, new in _LISTS.items():
        values = _known(given.get(old), old, entry)
        if new in _PATHS:
            values = [p for v in values if (p := _path(root, script, v)) is not None]
        if values:
            yield new, values
    macros = [tuple(m) for m in _known(given.get("define_macros"), "define_macros", entry) if isinstance(m, (list, tuple))]
    if macros:
        yield "define_macros", macros
    flags = given.get("extra_compile_args")
    by_compiler = dict(flags) if isinstance(flags, dict) else {"cxx": flags, "nvcc": flags}
    for key, argument in (("cxx", "extra_cflags"), ("nvcc", "extra_cuda_cflags")):
        values = _known(by_compiler.get(key), "extra_compile_args", entry) + _known(given.get(argument), argument, entry)
        by_compiler[key] = [v for v in values if isinstance(v, str)]
    kept = {key: by_compiler[key] for key in (("cxx", "nvcc") if cuda else ("cxx",))}
    if any(kept.values()):
        yield "extra_compile_args", kept if cuda else kept["cxx"]


def _known(value: Any, name: str, entry: _Found) -> list:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)) or any(isinstance(v, Unknown) for v in value):
        entry.trouble.append(f"a part of its {name} is made at run time and is left out")
    return [v for v in value if isinstance(v, (str, list, tuple, Path))] if isinstance(value, (list, tuple)) else []


def _path(root: Path, script: Path, value: Any) -> str | None:
    """A folder as seen from the root; one outside stays absolute, and those of CUDA and torch are passed by torch."""
    path = Path(os.path.normpath(script.parent / str(value)))
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return None if "cuda" in str(path).lower() or "torch" in str(path).lower() else str(path)


def _import_path(project, root: Path, script: Path, name: str, kind: str) -> tuple[str, list[str]]:
    """The name from the root: the folder of a build script comes before it, as it did when the script built in place."""
    folder = list(script.parent.relative_to(root).parts)
    if kind == "load" and script.parent / "__init__.py" not in project.scripts:
        folder = []
    if kind == "load" and root.joinpath(*folder, f"{name}.py") in project.scripts:
        name = f"_{name}"  # the module that calls load() has that name itself
    parts = [*folder, *name.split(".")]
    if not name or not all(p.isidentifier() for p in parts):
        return ".".join(parts), [f"{'.'.join(parts)!r} cannot be imported: its folders and its name have to be names of Python"]
    return ".".join(parts), []


def _of_sources(project, root: Path) -> Iterator[Specification]:
    """Extensions that no Python file builds: a source that defines a module, with the sources of its folder."""
    sources = [p for p in sorted(project.files) if p.suffix in _SOURCES and p.is_relative_to(root)]
    defining = {
        p: leaf
        for p in sources
        if project.files[p].words & set(_MODULES)
        for leaf in [next(project.tree(p).names({m.decode() for m in _MODULES}), None)]
        if leaf is not None
    }
    for path in defining:
        name = _module_name(project, path)
        line = project.files[path].line_of(defining[path].start)
        others = [p for p in defining if p != path and (p.is_relative_to(path.parent) or path.is_relative_to(p.parent))]
        if others:
            text = f"{path.name} and {others[0].name} define modules in one folder: cuport cannot tell whose the other sources are"
            yield Specification(path, line, "sources", name, trouble=(text,))
            continue
        mine = [project.moves.get(p, p) for p in sources if p.is_relative_to(path.parent) and project.includers(p) == {p}]
        build = Build(any(p.suffix == ".cu" for p in mine), [p.relative_to(root).as_posix() for p in mine])
        if build.cuda and any(b"WITH_CUDA" in project.files[p].words for p in sources):
            build.arguments.append(("define_macros", [("WITH_CUDA", None)]))
        yield Specification(path, line, "sources", name, *((build, None) if build.cuda else (None, build)))


def _module_name(project, path: Path) -> str:
    """What a source calls its module: in the macro, in a ``-DTORCH_EXTENSION_NAME=``, else its folder."""
    for leaf in project.tree(path).names({m.decode() for m in _MODULES}):
        behind = project.files[path].data[leaf.end : leaf.end + 200].decode("utf-8", "replace")
        text = behind.lstrip(" (").split(",")[0].split(")")[0].strip()
        if text.isidentifier() and text != "TORCH_EXTENSION_NAME":
            return text
    for script in project.scripts.values():
        for word in script.data.split() if b"TORCH_EXTENSION_NAME=" in script.data else ():
            before, equals, name = word.decode("utf-8", "replace").partition("TORCH_EXTENSION_NAME=")
            if equals and name.strip("\"'").isidentifier():
                return name.strip("\"'")
    folder = path.parent
    while folder.name in ("src", "csrc", "cuda", "cpp", "kernels", "source", "cpu", "gpu") and folder.parent != folder:
        folder = folder.parent
    name = folder.name.replace("-", "_")
    return name if name.isidentifier() else "extension"
