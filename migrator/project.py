"""Which files belong to the project, and what the project itself defines, across its files."""

from __future__ import annotations

import gc
import os
import re
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from migrator import notebook
from migrator.python import Module, NotPython3
from migrator.python_outline import Outline, outline
from migrator.scope import Scopes
from migrator.source import CPP_SUFFIXES, SourceFile, language_of
from migrator.syntax import Node, Tree, parse_tree, preproc
from migrator.vendored import Aside, is_foreign, told_apart

if TYPE_CHECKING:
    from tree_sitter import Tree as TSTree

T = TypeVar("T")

SKIPPED_DIRECTORIES = frozenset(
    {".git", ".cuport", ".hg", ".svn", "build", "dist", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".eggs", ".mypy_cache"}
    | {".pytest_cache", ".ipynb_checkpoints"}
)
HELD_BYTES = 1 << 19  # of sources whose trees are kept: nodes take some fifty times as much
PARSED_BYTES = 2 << 20  # of those whose nodes are gone: tree-sitter's own part, some twenty-five times as much
HELD_PYTHON_BYTES = 1 << 18  # the same of Python's: some two hundred times as much
COLLECTED_BYTES = 16 << 20
MAX_BYTES = 16 * 1024 * 1024  # no person wrote more than that in one file, and its tree would take gigabytes


@dataclass(frozen=True)
class Problem:
    """A path that could not be read: what it is and why, in one line."""

    path: Path
    message: str
    is_error: bool = True


class Project:
    """The sources under some paths. ``files`` maps each real path to its C++ or CUDA source, ``scripts`` those of its Python and build files;
    an edit replaces the entry. ``roots`` are the folders that were given, ``moves`` the planned renames, ``made`` the planned new files.

    ``problems`` holds what could not be read. Syntax trees are made when somebody asks, and dropped when the file changes.
    """

    def __init__(self) -> None:
        self.files: dict[Path, SourceFile] = {}
        self.scripts: dict[Path, SourceFile] = {}
        self.problems: list[Problem] = []
        self.roots: list[Path] = []
        self.moves: dict[Path, Path] = {}
        self.made: set[Path] = set()
        self.given: list[Path] = []  # the real paths that were asked for: nothing is written outside them
        self.records: list[Path] = []  # the folders below the given ones that hold undo records
        self.aside: list[Aside] = []  # what other people keep up, and was not read
        self.modes: dict[Path, int] = {}
        self.known_macros: dict[str, int | None] = {}  # what #if conditions may count on; None: not defined
        self._spelt: dict[bytes, bytes] = {}  # every word of every file, once
        self._trees: dict[Path, Tree] = {}
        self._dropped = 0
        self._parsed: dict[Path, TSTree] = {}  # what is left of trees that were let go
        self._parsed_bytes = 0
        self._held = 0  # bytes of the sources whose trees are held
        self.script_edits = 0  # how often a Python or build file changed
        self._modules: dict[Path, Module | None] = {}
        self._living: WeakValueDictionary[Path, Module] = WeakValueDictionary()  # those that somebody may compare nodes of
        self._held_modules = 0  # bytes of the sources whose modules are held
        self._outlines: dict[Path, Outline | None] = {}
        self._python_files: list[Path] | None = None  # files neither come nor go
        self._scopes: dict[Path, Scopes] = {}
        self._functions: dict[str, list[tuple[Path, int]]] = {}  # the files and offsets of declared names
        self._macros: dict[Path, dict[str, list[int]]] = {}
        self._defined: dict[str, list[tuple[Path, int]]] = {}
        self._holders: dict[bytes, list[Path]] | None = None  # of each word, in the order of ``files``
        self._order: dict[Path, int] = {}
        self._cache: dict[object, object] = {}
        self._kept: dict[Path, dict[object, object]] = {}
        self.asked: set[Path] = set()  # whose Python was asked for; who wants to know empties it first
        self._includes: dict[Path, list[preproc.Include]] = {}
        self._by_name: dict[str, list[Path]] | None = None
        self._included: dict[tuple[Path | None, str], Path | None] = {}  # which file an #include means; files neither come nor go
        self._own_included: dict[Path, list[Path]] = {}

    @classmethod
    def load(
        cls,
        paths: list[Path],
        suffixes: frozenset[str] | set[str] = CPP_SUFFIXES,
        excluded: Callable[[Path], bool] = lambda path: False,
        third_party: bool = False,
    ) -> Project:
        """Read every source under ``paths`` that is not ``excluded``; a file given by name is read whatever its suffix.

        Submodules, and folders named third_party that no build file of an extension compiles from, are read with ``third_party`` only.
        """
        project = cls()
        project.given = [path.resolve() for path in paths if path.exists()]
        for path in paths:
            if path.is_dir():
                project.roots.append(path.resolve())
                others: list[Path] = []
                links: list[Path] = []
                found_there = walk(path, suffixes, project.problems, None if third_party else others, project.records, links)
                sources = [found for found in found_there if not excluded(found)]
                project._name_outside(links, suffixes, excluded)
                has_own = any(language_of(found) == "c++" for found in sources)
                ported, aside = told_apart(path, others, has_own) if others else ([], [])
                if not has_own:
                    reason = "nothing else here is C++ or CUDA, so it is ported too"
                    project.problems += [Problem(folder, reason, is_error=False) for folder in ported]
                for folder in ported:
                    sources += [found for found in walk(folder, suffixes, project.problems, []) if not excluded(found)]
                for found in sorted(sources) if ported else sources:
                    project.add(found)
                project.aside += aside
            elif excluded(path):
                project.problems.append(Problem(path, "left out, as `exclude` of the configuration says", is_error=False))
            elif path.exists() or path.is_symlink():
                project.add(path, named=True)
            else:
                project.problems.append(Problem(path, "no such file or folder"))
        return project

    def _name_outside(self, links: list[Path], suffixes: frozenset[str] | set[str], excluded: Callable[[Path], bool]) -> None:
        """Say which links to folders lead out of the given paths, of those that have sources right in them: data sets have none."""
        for link in links:
            real = link.resolve()
            if any(real.is_relative_to(given) for given in self.given) or excluded(link):
                continue
            try:
                with os.scandir(real) as entries:
                    if any(os.path.splitext(entry.name)[1].lower() in suffixes for entry in islice(entries, 1000)):
                        self._leads_out(link, real)
            except OSError:
                pass  # nothing of it would be read

    def _leads_out(self, link: Path, real: Path) -> None:
        reason = f"a link to {str(real)!r}, outside the given paths: left as it is; give that path as well to port it"
        self.problems.append(Problem(link, reason, is_error=False))

    def add(self, path: Path, named: bool = False) -> None:
        """Read one file; what is wrong with it becomes a Problem."""
        try:
            real = path.resolve(strict=True)
            if real in self.files or real in self.scripts:
                return
            if self.given and not named and not any(real.is_relative_to(given) for given in self.given):
                self._leads_out(path, real)
                return
            if not real.is_file():
                self.problems.append(Problem(path, "not a regular file", is_error=named))
                return
            if real.stat().st_size > MAX_BYTES:
                reason = f"larger than {MAX_BYTES >> 20} MB, left as it is; port what it was generated from, or split it"
                self.problems.append(Problem(path, reason, is_error=named))
                return
            data = real.read_bytes()
        except (OSError, RuntimeError) as error:
            reason = "a loop of symbolic links" if isinstance(error, RuntimeError) or getattr(error, "errno", 0) == 40 else (
                getattr(error, "strerror", None) or str(error)
            )
            leads_nowhere = path.is_symlink() and (reason.startswith("a loop") or isinstance(error, FileNotFoundError))
            reason = "a link to what is not there" if leads_nowhere and isinstance(error, FileNotFoundError) else reason
            self.problems.append(Problem(path, reason, is_error=named or not leads_nowhere))
            return
        if b"\0" in data[:8192]:
            self.problems.append(Problem(path, "a binary file, left as it is", is_error=named))
            return
        if real.suffix == notebook.SUFFIX:
            try:
                self.scripts[real] = notebook.Notebook(path, data)
            except notebook.NotANotebook as error:
                self.problems.append(Problem(path, f"{error}: left as it is", is_error=named))
                return
        else:
            (self.files if language_of(real) == "c++" else self.scripts)[real] = SourceFile(path, data, self._spelt)
        self.modes[real] = real.stat().st_mode

    def update(self, path: Path, file: SourceFile) -> None:
        """Put a new file in place of the old one (in memory)."""
        self._cache.clear()
        self._kept.pop(path, None)
        if path in self.scripts:
            self._drop_module(path)
            self._living.pop(path, None)
            self._outlines.pop(path, None)
            self.script_edits += 1
            self.scripts[path] = file
            return
        before = self.files[path].words
        if self._parsed.pop(path, None) is not None:
            self._parsed_bytes -= len(self.files[path].data)
        self.files[path] = file
        self._drop_tree(path)
        for cache in (self._includes, self._own_included, self._macros):
            cache.pop(path, None)  # type: ignore[attr-defined]
        for known in (self._functions, self._defined):
            for name in [n for n in known if (word := n.encode()) in before or word in file.words]:
                del known[name]  # type: ignore[attr-defined]
        if self._holders is not None:
            for word in before - file.words:
                self._holders[word].remove(path)
            for word in file.words - before:
                insort(self._holders.setdefault(word, []), path, key=self._order.__getitem__)

    def moved(self) -> Project:
        """The project as it will be once the planned renames are made; nothing is known of it yet."""
        after = Project()
        after.roots, after.given = self.roots, self.given
        for path, file in [*self.files.items(), *self.scripts.items()]:
            new = self.moves.get(path, path)
            (after.files if language_of(new) == "c++" else after.scripts)[new] = file
        return after

    def source(self, path: Path) -> SourceFile:
        """A file of the project, whatever it is written in."""
        return self.files[path] if path in self.files else self.scripts[path]

    def module(self, path: Path) -> Module | None:
        """The syntax tree of a Python file; None, and a Problem, when it is not Python 3."""
        self.asked.add(path)
        if path in self._modules:
            self._modules[path] = module = self._modules.pop(path)  # the last one used is the last in the dictionary
            return module
        file = self.scripts[path]
        module = self._living.get(path)
        if module is None:
            try:
                if isinstance(file, notebook.Notebook) and file.unread is not None:
                    raise NotPython3(f"cell {file.unread}")
                module = Module(file, self.outline(path) is not None)
            except NotPython3 as error:
                problem = Problem(file.path, f"not Python 3 ({error}): left as it is", is_error=False)
                if problem not in self.problems:
                    self.problems.append(problem)
        self._modules[path] = module
        if module is not None:
            self._living[path] = module
            self._held_modules += len(module.data)
            held = [each for each, made in self._modules.items() if made is not None]
            while self._held_modules > HELD_PYTHON_BYTES and len(held) > 1:
                self._drop_module(held.pop(0))
        return module

    def _drop_module(self, path: Path) -> None:
        module = self._modules.pop(path, None)
        if module is not None:
            self._held_modules -= len(module.data)
            module.release()

    @property
    def python_files(self) -> list[Path]:
        """The paths of the Python files, notebooks aside."""
        if self._python_files is None:
            self._python_files = [path for path in self.scripts if path.suffix == ".py"]
        return self._python_files

    def outline(self, path: Path) -> Outline | None:
        """What a Python file may use; None where only its syntax tree can tell."""
        if path not in self._outlines:
            file = self.scripts[path]
            unread = isinstance(file, notebook.Notebook) and file.unread is not None
            self._outlines[path] = None if unread else outline(file)
        return self._outlines[path]

    def tree(self, path: Path) -> Tree:
        tree = self._trees.pop(path, None)
        if tree is None:
            parsed = self._parsed.pop(path, None)
            tree = parse_tree(self.files[path], parsed)
            self._parsed_bytes -= len(tree.file.data) if parsed is not None else 0
            tree.known_macros = self.known_macros
            self._held += len(tree.file.data)
        self._trees[path] = tree  # the last one used is the last in the dictionary
        while self._held > HELD_BYTES and len(self._trees) > 1:
            self._drop_tree(next(iter(self._trees)))
        return tree

    def _drop_tree(self, path: Path) -> None:
        tree = self._trees.pop(path, None)
        if tree is not None:
            self._held -= len(tree.file.data)
            tree.release()
            self._scopes.pop(path, None)
            if tree.file is self.files[path]:
                self._parsed[path] = tree.ts
                self._parsed_bytes += len(tree.file.data)
                while self._parsed_bytes > PARSED_BYTES:
                    first = next(iter(self._parsed))
                    del self._parsed[first]
                    self._parsed_bytes -= len(self.files[first].data)
            self._dropped += len(tree.file.data)
            if self._dropped > COLLECTED_BYTES and not gc.isenabled():
                self._dropped = 0
                gc.collect()  # nodes that were made of a tree after its release

    def scopes(self, path: Path) -> Scopes:
        if path not in self._scopes:
            self._scopes[path] = Scopes(self.tree(path))
        return self._scopes[path]

    def forget_trees(self) -> None:
        """Free the syntax trees."""
        for path in list(self._trees):
            self._drop_tree(path)
        for path in list(self._modules):
            self._drop_module(path)
        self._functions.clear()

    def with_word(self, word: str) -> Iterator[Path]:
        """The files that hold a word, comments included."""
        if self._holders is None:
            self._order = {path: number for number, path in enumerate(self.files)}
            self._holders = {}
            for path, file in self.files.items():
                for each in file.words:
                    self._holders.setdefault(each, []).append(path)
        return iter(self._holders.get(word.encode(), ()))

    def functions(self, name: str) -> list[Node]:
        """The function declarators of ``name`` (definitions and declarations) in the whole project."""
        found = [_declarator_of(self.tree(path).leaf_at(start)) for path, start in self._function_places(name)]
        return [each for each in found if each is not None]

    def has_function(self, name: str) -> bool:
        """Whether the project declares a function of this name: cheaper than to look at its declarators."""
        return bool(self._function_places(name))

    def _function_places(self, name: str) -> list[tuple[Path, int]]:
        if name not in self._functions:
            self._functions[name] = [
                (path, leaf.start)
                for path in self.with_word(name)
                if may_declare_function(self.files[path], name.encode())
                for leaf in self.tree(path).names({name})
                if _declarator_of(leaf) is not None
            ]
        return self._functions[name]

    def macros(self, name: str) -> list[tuple[Path, int]]:
        """Where the project defines a macro: (file, offset of the line)."""
        if name not in self._defined:
            self._defined[name] = found = []
            for path in self.with_word(name):
                if path not in self._macros:
                    self._macros[path] = preproc.defined_macros(self.files[path].data)
                found.extend((path, offset) for offset in self._macros[path].get(name, ()))
        return self._defined[name]

    def cached(self, key: object, compute: Callable[[], T]) -> T:
        """``compute()``, kept until a file changes: for what a rewrite works out once for the whole project."""
        if key not in self._cache:
            self._cache[key] = compute()
        return self._cache[key]  # type: ignore[return-value]

    def kept(self, path: Path, key: object, compute: Callable[[], T]) -> T:
        """``compute()``, kept until that file changes: for what a rewrite works out from one file."""
        kept = self._kept.setdefault(path, {})
        if key not in kept:
            kept[key] = compute()
        return kept[key]  # type: ignore[return-value]

    def includes(self, path: Path) -> list[preproc.Include]:
        if path not in self._includes:
            self._includes[path] = preproc.includes(self.files[path].data)
        return self._includes[path]

    def local_include(self, include: preproc.Include, path: Path) -> Path | None:
        """The project's own file that an ``#include`` means, if it is one."""
        key = (path.parent if include.quoted else None, include.name)
        if key not in self._included:
            self._included[key] = self._find_included(include, path)
        return self._included[key]

    def _find_included(self, include: preproc.Include, path: Path) -> Path | None:
        if include.quoted:
            beside = Path(os.path.normpath(path.parent / include.name))
            if beside in self.files:
                return beside
        if self._by_name is None:
            self._by_name = {}
            for known in self.files:
                self._by_name.setdefault(known.name, []).append(known)
        tail = tuple(part for part in include.name.split("/") if part not in (".", ".."))
        if not tail:
            return None
        for known in self._by_name.get(tail[-1], []):
            if known.parts[-len(tail) :] == tail:
                return known
        return None

    def all_includes(self, path: Path) -> set[str]:
        """Names of the headers that a file includes, itself or through the project's own headers."""
        return self.cached(("all includes", path), lambda: self._all_includes(path))

    def _all_includes(self, path: Path) -> set[str]:
        seen: set[Path] = set()
        names: set[str] = set()
        stack = [path]
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            names.update(include.name for include in self.includes(current))
            stack += self.own_includes(current)
        return names

    def own_includes(self, path: Path) -> list[Path]:
        """The project's own files that a file includes itself."""
        if path not in self._own_included:
            found = (self.local_include(include, path) for include in self.includes(path))
            self._own_included[path] = [each for each in found if each is not None]
        return self._own_included[path]

    def includers(self, path: Path) -> set[Path]:
        """The files that include a file, directly or through others, itself counted."""
        users = self.cached("includers", self._users)
        seen = {path}
        stack = [path]
        while stack:
            for other in users.get(stack.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen

    def _users(self) -> dict[Path, list[Path]]:
        users: dict[Path, list[Path]] = {}
        for other in self.files:
            for local in self.own_includes(other):
                users.setdefault(local, []).append(other)
        return users

    def compiled_by_host(self, path: Path) -> bool:
        """Whether the host compiler may read this file: a ``.cpp``, or a header that a ``.cpp`` includes (or that nobody includes)."""
        file = self.files[path]
        if file.path.suffix.lower() == ".cu":
            return False
        from migrator.source import HOST_SUFFIXES

        users = self.includers(path)
        if any(self.files[user].path.suffix.lower() in HOST_SUFFIXES for user in users):
            return True
        if any(self.files[user].path.suffix.lower() == ".cu" for user in users):
            return False
        return not file.compiled_by_nvcc


def _declarator_of(leaf: Node) -> Node | None:
    """The function declarator that declares a name."""
    node = leaf
    while node.parent is not None and node.parent.kind == "qualified_identifier" and node.field == "name":
        node = node.parent
    parent = node.parent
    return parent if parent is not None and parent.kind == "function_declarator" and node.field == "declarator" else None


_FOLLOWS_VALUE = frozenset(b"=(.<!+-?|[")  # a name behind one of them, with parentheses of its own, is called
_SEARCHED = 4000  # bytes for the end of a list of parameters


def may_declare_function(file: SourceFile, name: bytes) -> bool:
    """Whether a function of this name may be declared in a file, as its text goes: somewhere parentheses follow, and nothing that calls goes before."""
    data, end = file.data, len(file.data)
    for start in file.places(name):
        after = start + len(name)
        while after < end and data[after] in b" \t\r\n\\":
            after += 1
        if after >= end or data[after] not in b"(</":
            continue
        before = start - 1
        while before >= 0 and data[before] in b" \t\r\n":
            before -= 1
        if before >= 0 and (data[before] in _FOLLOWS_VALUE or data[max(0, before - 5) : before + 1] == b"return" or data[max(0, before - 1) : before + 1] == b"->"):
            continue
        if before >= 0 and data[before] in b";{}" and not _begins_definition(data, after, name):
            continue
        return True
    return False


def _begins_definition(data: bytes, opening: int, name: bytes) -> bool:
    """Whether a name that begins a statement, with parentheses behind it, may be a function without a type: a constructor, or one of old C."""
    if data[opening] != ord("("):
        return True
    depth = 0
    for m in _BRACKET.finditer(data, opening, opening + _SEARCHED):
        depth += 1 if m.group() == b"(" else -1
        if depth == 0:
            behind = data[m.end() : m.end() + 200].lstrip()
            return behind[:1] in (b"{", b":") or re.search(rb"(?:class|struct|union)\b[^;{}()]*\b" + name + rb"\b", data) is not None
    return True


_BRACKET = re.compile(rb"[()]")


def walk(
    root: Path,
    suffixes: frozenset[str] | set[str],
    problems: list[Problem],
    others: list[Path] | None = None,
    records: list[Path] | None = None,
    links: list[Path] | None = None,
) -> Iterator[Path]:
    """The files under a folder that have one of the suffixes, and its Python and build files, sorted; links to folders are not followed
    but added to ``links``.

    With ``others``, folders that hold other people's projects are not entered but added to it; folders with undo records go to ``records``.
    """

    def failed(error: OSError) -> None:
        problems.append(Problem(Path(error.filename or root), error.strerror or "cannot be read"))

    for directory, names, files in os.walk(root, onerror=failed):
        if records is not None and ".cuport" in names:
            records.append(Path(directory))
        names[:] = sorted(n for n in names if n not in SKIPPED_DIRECTORIES and not n.endswith(".egg-info"))
        if links is not None:
            links += [path for name in names if (path := Path(directory, name)).is_symlink()]
        if others is not None:
            foreign = [n for n in names if is_foreign(Path(directory, n), root)]
            others += [Path(directory, n) for n in foreign]
            names[:] = [n for n in names if n not in foreign]
        for name in sorted(files):
            if os.path.splitext(name)[1].lower() in suffixes or language_of(Path(name)) != "c++":
                yield Path(directory, name)
