"""Finds the translation units of an extension: what its build files would compile, and with which flags.

The build files are read, never run. Where one is too dynamic to read, the folder's own sources are the units.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from migrator.releases import NEWEST
from migrator.vendored import THIRD_PARTY

from .cmake import read_cmake
from .includes import included_by_others
from .static_python import UNKNOWN, Call, Unknown, read_script

CUDA_SUFFIXES = frozenset({".cu"})
CXX_SUFFIXES = frozenset({".cpp", ".cc", ".cxx", ".c++"})
C_SUFFIXES = frozenset({".c"})
UNIT_SUFFIXES = CUDA_SUFFIXES | CXX_SUFFIXES | C_SUFFIXES
BUILD_SCRIPTS = ("setup.py", "build.py")
SKIPPED_FOLDERS = frozenset({"build", "dist", "node_modules", "__pycache__", "site-packages", "venv", "env", "_ext"})

# Flags that change what the language accepts or what code comes out. The others (-std, -gencode, -O, warnings) are
# the verifier's to choose, and are kept apart so that a report can speak of them.
KEPT_FLAGS = re.compile(
    r"^(--?expt-extended-lambda|--?expt-relaxed-constexpr|--extended-lambda|--?use_fast_math|--?fmad=.*|--?ftz=.*"
    r"|--?prec-(div|sqrt)=.*|--?maxrregcount=.*|--?default-stream=.*|-fopenmp|-fpermissive|--?rdc=.*|-dc)$"
)


class UnitsError(Exception):
    """Nothing to verify was found; the text says what was looked for."""


@dataclass(frozen=True)
class Unit:
    """One source as the build compiles it. Paths are relative to `root`, where the compiler runs."""

    root: Path
    source: Path
    extension: str
    cuda_extension: bool
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    other_flags: tuple[str, ...] = ()
    just_in_time: bool = False  # by torch.utils.cpp_extension.load, which gives all that is not CUDA to the C++ compiler

    @property
    def name(self) -> str:
        return self.source.as_posix()

    @property
    def module(self) -> str:
        """TORCH_EXTENSION_NAME: the last part of the extension's name, without what tells it from another folder's."""
        return self.extension.partition(" (")[0].rpartition(".")[2] or "extension"

    @property
    def path(self) -> Path:
        return self.root / self.source

    @property
    def is_cuda(self) -> bool:
        return self.source.suffix in CUDA_SUFFIXES

    @property
    def is_c(self) -> bool:
        return self.source.suffix in C_SUFFIXES and not self.just_in_time

    def in_tree(self, root: Path) -> Unit:
        """The same unit in another copy of the tree."""
        return replace(self, root=root)


@dataclass
class Project:
    """Everything found under a path: the units, where they were read from, and what could not be read."""

    root: Path
    units: list[Unit] = field(default_factory=list)
    build_files: list[Path] = field(default_factory=list)
    libraries: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def find_units(path: Path, torch_version: str = f"{NEWEST}.0") -> Project:
    """The units of the extension at `path`: a tree, a build script or a single source."""
    path = path.resolve()
    if not path.exists():
        raise UnitsError(f"{path} does not exist")
    if path.is_file():
        if path.name in BUILD_SCRIPTS or path.suffix == ".py":
            project = Project(path.parent)
            _read_build_script(path, project, torch_version)
            return _finished(project, path.parent)
        if path.suffix in UNIT_SUFFIXES:
            unit = Unit(path.parent, Path(path.name), path.stem, path.suffix in CUDA_SUFFIXES, defines=("WITH_CUDA",))
            return Project(path.parent, [unit])
        raise UnitsError(f"{path.name} is neither a build script nor a CUDA or C++ source")
    project = Project(path)
    scripts, makes = _build_files(path)
    for script in scripts:
        _read_build_script(script, project, torch_version)
    if not project.units:
        for make in makes:
            _read_cmake_lists(make, project)
    read = _finished(project, path)
    if unread := _unread_kernels(read):
        more = f" and {len(unread) - 3} more" if len(unread) > 3 else ""
        read.notes.append(f"in no extension that was found, and not verified: {', '.join(unread[:3])}{more}")
    return read


def extension_sources(root: Path) -> list[Path]:
    """The sources below ``root`` that Python build files compile into torch extensions.

    Where a build file makes its list at run time, the sources of its own folder stand for them, but not those of a third_party below it.
    """
    found: dict[Path, None] = {}
    for script in _build_files(root)[0]:
        try:
            if b"torch" not in script.read_bytes():
                continue
        except OSError:
            continue
        project = Project(root)
        _read_build_script(script, project, f"{NEWEST}.0")
        for unit in project.units:
            below = unit.path.relative_to(script.parent).parts if unit.path.is_relative_to(script.parent) else ()
            if unit.path.is_relative_to(root) and (script in project.build_files or not any(part.lower() in THIRD_PARTY for part in below)):
                found.setdefault(unit.path)
    return list(found)


def _finished(project: Project, folder: Path) -> Project:
    if not project.units:
        _take_folder(folder, project)
    if not project.units:
        raise UnitsError(f"no CUDA or C++ sources under {folder}: give the folder that holds setup.py or the .cu files")
    unique: dict[tuple, Unit] = {}
    for unit in project.units:
        unique.setdefault((unit.source, unit.defines), unit)
    project.units = sorted(unique.values(), key=lambda u: (u.extension, u.name))
    return project


def _unread_kernels(project: Project) -> list[str]:
    """The .cu files that are no unit, and that no other source includes: what a make file of the project's own may compile."""
    files = _sources_below(project.root)
    units = {unit.path.resolve() for unit in project.units}
    kernels = [path for path in files if path.suffix in CUDA_SUFFIXES and path.resolve() not in units]
    if not kernels:
        return []
    folders = {project.root / folder for unit in project.units for folder in unit.include_dirs} | set(
        _likely_include_dirs(project.root, files)
    )
    pulled = included_by_others(files, sorted(folders))
    return [_shown(path, project) for path in kernels if path.resolve() not in pulled]


def _build_files(root: Path) -> tuple[list[Path], list[Path]]:
    scripts: list[Path] = []
    makes: list[Path] = []
    loaders: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            if name in BUILD_SCRIPTS:
                scripts.append(path)
            elif name == "CMakeLists.txt":
                makes.append(path)
            elif name.endswith(".py") and _builds_extension(path):
                loaders.append(path)
    return scripts + loaders, makes


def _builds_extension(path: Path) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if b"torch.utils.ffi" in data and re.search(rb"\bcreate_extension\s*\(", data):
        return True
    return b"cpp_extension" in data and _NAMES_EXTENSION.search(data) is not None


# a call, another name for one, and the choice of one: `(CUDAExtension if cuda else CppExtension)(`
_NAMES_EXTENSION = re.compile(
    rb"\b(?:load|CppExtension|CUDAExtension)(?:\s*\(|\s+as\s|\s+if\s)"
    rb"|=\s*(?:torch\.utils\.cpp_extension\.)?(?:CppExtension|CUDAExtension)\b"
)


# -- setup.py, build.py and load() ---------------------------------------------------------------------------------


def _wanted(name: str) -> bool:
    return name.endswith("Extension") and name != "BuildExtension" or name in ("create_extension", "load", "load_inline")


def _read_build_script(path: Path, project: Project, torch_version: str) -> None:
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
        script = read_script(text, path, _wanted, torch_version=torch_version)
    except SyntaxError as error:
        project.notes.append(f"{_shown(path, project)}:{error.lineno or 1}: not Python 3, its sources were taken from the folder")
        _take_folder(path.parent, project)
        return
    found = False
    for call in script.calls:
        if call.name == "load_inline":
            project.notes.append(f"{_shown(path, project)}:{call.line}: load_inline keeps its C++ in strings, which are not verified")
        elif call.name != "load" or "sources" in call.kwargs or len(call.args) > 1:
            found = _take_call(call, path, project) or found
    if not found and path.name in BUILD_SCRIPTS and any(c.name != "load_inline" for c in script.calls):
        project.notes.append(f"{_shown(path, project)}: its list of sources is made at run time, the folder's sources were taken")
        _take_folder(path.parent, project)


def _take_call(call: Call, script: Path, project: Project) -> bool:
    """Turn one extension call into units; False when its sources cannot be read."""
    names = ("name", "headers", "sources") if call.name == "create_extension" else ("name", "sources")
    given = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    sources = _strings(given.get("sources"))
    folder = _base(call, script, sources, project.root)
    for built in _strings(given.get("extra_objects")):  # FFI era: build.py links objects that make.sh made of .cu files
        source = re.sub(r"\.s?o$", "", built)
        if source.endswith(".cu") or (folder / (source + ".cu")).is_file():
            sources.append(source if source.endswith(".cu") else source + ".cu")
    # objects of another name, or that a command line brings, are made of the kernels there
    if call.name == "create_extension" and given.get("extra_objects", []) != [] and not any(s.endswith(".cu") for s in sources):
        sources += [str(path) for path in _loose_sources(folder)[0] if path.suffix in CUDA_SUFFIXES]
    existing = [s for s in dict.fromkeys(_existing(folder, s) for s in sources) if s is not None]
    missing = [s for s in sources if _existing(folder, s) is None]
    if not existing:
        return False
    shown = _shown(script, project)
    if missing:
        project.notes.append(f"{shown}:{call.line}: sources that do not exist: {', '.join(missing[:4])}")
    if isinstance(given.get("sources"), list) and any(isinstance(s, Unknown) for s in given["sources"]):
        project.notes.append(f"{shown}:{call.line}: a part of its sources is made at run time and is not verified")
    name = given.get("name") if isinstance(given.get("name"), str) else script.parent.name
    same_name = [unit.path for unit in project.units if unit.extension == name]
    if same_name and not any(path.is_relative_to(folder) or path in existing for path in same_name):
        name = f"{name} ({shown})"  # another folder's build of that name: the two are never linked together
    cuda = (
        "CUDA" in call.name
        or any(s.suffix in CUDA_SUFFIXES for s in existing)
        or bool(given.get("with_cuda"))
        and given.get("with_cuda") is not UNKNOWN
    )
    include_dirs = _folders(folder, _strings(given.get("include_dirs")) + _strings(given.get("extra_include_paths")), project.root)
    project.libraries.update(_strings(given.get("libraries")))
    macros = _macros(given.get("define_macros"))
    if script not in project.build_files:
        project.build_files.append(script)
    for source in existing:
        flags = _flags_for(given, source.suffix in CUDA_SUFFIXES)
        sorted_flags = sort_flags(flags, folder, project.root)
        project.units.append(
            Unit(
                project.root,
                _relative(source, project.root),
                name,
                cuda,
                tuple(dict.fromkeys(include_dirs + sorted_flags.include_dirs)),
                tuple(dict.fromkeys(macros + sorted_flags.defines)),
                sorted_flags.kept,
                sorted_flags.other,
                call.name == "load",
            )
        )
    return True


def _base(call: Call, script: Path, sources: list[str], root: Path) -> Path:
    """The folder that a call's paths start from: the script's own, but ``load`` takes them from where the program runs."""
    above = [folder for folder in script.parent.parents if folder.is_relative_to(root)] if call.name == "load" else []
    return next((f for f in (script.parent, *above) if any(_existing(f, s) is not None for s in sources)), script.parent)


def _flags_for(given: dict, cuda: bool) -> list[str]:
    extra = given.get("extra_compile_args")
    if isinstance(extra, dict):
        flags = _strings(extra.get("nvcc" if cuda else "cxx"))
    else:
        flags = _strings(extra)
    return flags + _strings(given.get("extra_cuda_cflags" if cuda else "extra_cflags"))


@dataclass(frozen=True)
class SortedFlags:
    defines: tuple[str, ...] = ()
    include_dirs: tuple[Path, ...] = ()
    kept: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


def sort_flags(flags: Iterable[str], folder: Path, root: Path) -> SortedFlags:
    """Part a user's flags into defines, include folders, flags that shape the code, and the rest."""
    defines: list[str] = []
    includes: list[str] = []
    kept: list[str] = []
    other: list[str] = []
    waiting = [piece for flag in flags for piece in (shlex.split(flag) if " " in flag.strip() else [flag.strip()]) if piece]
    while waiting:
        flag = waiting.pop(0)
        if flag in ("-D", "-I", "-isystem", "-U") and waiting:
            flag += waiting.pop(0)
        if flag.startswith("-D"):
            defines.append(flag[2:])
        elif flag.startswith("-I"):
            includes.append(flag[2:])
        elif flag.startswith("-isystem"):
            includes.append(flag[8:])
        elif flag.startswith("-U") or KEPT_FLAGS.match(flag):
            kept.append(flag)
        elif flag in ("-gencode", "-arch", "--gpu-architecture", "-Xcompiler", "--compiler-options", "-ccbin", "-Xptxas") and waiting:
            other.append(f"{flag} {waiting.pop(0)}")
        else:
            other.append(flag)
    return SortedFlags(
        tuple(dict.fromkeys(defines)), _folders(folder, includes, root), tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(other))
    )


def _macros(value: Any) -> tuple[str, ...]:
    out = []
    for item in value if isinstance(value, (list, tuple)) else ():
        if isinstance(item, (list, tuple)) and item and isinstance(item[0], str):
            known = len(item) > 1 and isinstance(item[1], (str, int))
            out.append(f"{item[0]}={item[1]}" if known else item[0])
    return tuple(out)


def _strings(value: Any) -> list[str]:
    if isinstance(value, (str, Path)):
        return [str(value)]
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value if isinstance(item, (str, Path))]
    return []


def _existing(folder: Path, name: str) -> Path | None:
    path = folder / name
    if path.suffix not in UNIT_SUFFIXES or not path.is_file():
        return None
    return Path(os.path.normpath(path))


def _folders(folder: Path, names: Sequence[str], root: Path) -> tuple[Path, ...]:
    """Include folders that exist, relative to the root where they lie in it (so that two copies compile alike)."""
    found = [Path(os.path.normpath(folder / name)) for name in names if name]
    return tuple(dict.fromkeys(_relative(path, root) for path in found if path.is_dir()))


def _relative(path: Path, root: Path) -> Path:
    try:
        return path.relative_to(root)
    except ValueError:
        return path


def _shown(path: Path, project: Project) -> str:
    return _relative(path, project.root).as_posix()


# -- CMake and plain folders ---------------------------------------------------------------------------------------


def _read_cmake_lists(path: Path, project: Project) -> None:
    for target in read_cmake(path):
        sources = [s for s in (_existing(path.parent, name) for name in target.sources) if s is not None]
        flags = sort_flags([f"-D{d}" for d in target.defines], path.parent, project.root)
        include_dirs = _folders(path.parent, target.include_dirs, project.root)
        cuda = any(s.suffix in CUDA_SUFFIXES for s in sources)
        if sources and path not in project.build_files:
            project.build_files.append(path)
        for source in sources:
            project.units.append(Unit(project.root, _relative(source, project.root), target.name, cuda, include_dirs, flags.defines))


def _take_folder(folder: Path, project: Project) -> None:
    """Every source in the folder that no other source includes."""
    sources, include_dirs, cuda = _loose_sources(folder)
    relative = tuple(_relative(path, project.root) for path in include_dirs)
    for source in sources:
        defines = ("WITH_CUDA",) if cuda else ()
        project.units.append(Unit(project.root, _relative(source, project.root), folder.name, cuda, relative, defines))


def _loose_sources(folder: Path) -> tuple[list[Path], tuple[Path, ...], bool]:
    """The sources in the folder that no other source includes, the folders that they probably include from, whether CUDA is among them."""
    files = _sources_below(folder)
    sources = [path for path in files if path.suffix in UNIT_SUFFIXES]
    include_dirs = _likely_include_dirs(folder, files)
    pulled = included_by_others(files, include_dirs)
    cuda = any(path.suffix in CUDA_SUFFIXES for path in sources)
    return [path for path in sources if path.resolve() not in pulled], include_dirs, cuda


def _sources_below(folder: Path) -> list[Path]:
    files: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith("."))
        files += [Path(place) / name for name in sorted(names) if Path(name).suffix in UNIT_SUFFIXES | {".h", ".cuh", ".hpp"}]
    return files


def _likely_include_dirs(folder: Path, files: Sequence[Path]) -> tuple[Path, ...]:
    """The folder itself and every `include`, `src` or `csrc` folder in it: what build files usually name."""
    usual = {"include", "src", "csrc"}
    return tuple(dict.fromkeys([folder, *(p for f in files for p in f.parents if p.name in usual and folder in p.parents)]))
