"""What a Python file may use, from Python's own parser: some ten times cheaper than the tree with positions, and asked before it.

Nothing here says that a file *does* use something: scopes and guards are not looked at. Where it says no, there is nothing to look for.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable
from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.source import SourceFile

BOM = b"\xef\xbb\xbf"


def text_of(data: bytes) -> str:
    """The text of a Python file without its byte order mark: UTF-8, or ASCII of the same length where it is not."""
    data = data.removeprefix(BOM)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:  # what it says in comments is of no interest
        return bytes(b if b < 0x80 else 0x5F for b in data).decode("ascii")


class Outline:
    """The names that a file may use.

    ``dotted``: the dotted names that its imports bind and its names and chains of attributes may stand for, with those above them
    (``torch.nn`` for ``torch.nn.functional``). ``follows``: a name (``x``) or an attribute (``.x``) -> what stands behind it where it is used:
    ``()``, ``.attribute``, or nothing. ``keywords``: the names of arguments in calls. ``kinds``: the kinds of nodes, operators too.
    ``starred``: the modules of ``from x import *``. ``renamed``: what is imported under another name. ``classes``: the name of each class, and which of its methods are static.
    """

    __slots__ = ("classes", "dotted", "follows", "keywords", "kinds", "renamed", "starred")

    def __init__(self, tree: ast.AST):
        self.follows: dict[str, set[str]] = {}
        self.keywords: set[str] = set()
        self.kinds: set[type] = set()
        self.starred: set[str] = set()
        self.renamed: set[str] = set()
        self.classes: list[tuple[str, dict[str, bool]]] = []
        self.dotted: frozenset[str] = self._read(tree)

    def _read(self, tree: ast.AST) -> frozenset[str]:
        chains: dict[str, set[str]] = {}  # name -> what is behind it: ".relu" of F.relu
        imported: dict[str, set[str]] = {}  # local name -> dotted names
        dotted: set[str] = set()
        follows, kinds = self.follows, self.kinds
        stack: list[tuple[ast.AST, str, str]] = [(tree, "", "")]  # a node, what stands behind it, and the whole chain behind it
        while stack:
            node, behind, chain = stack.pop()
            kind = type(node)
            if kind is ast.Name:
                name = node.id  # type: ignore[attr-defined]
                follows.setdefault(name, set()).add(behind)
                chains.setdefault(name, set()).add(chain)
                continue
            if kind is ast.Attribute:
                name = "." + node.attr  # type: ignore[attr-defined]
                follows.setdefault(name, set()).add(behind)
                stack.append((node.value, name, name + chain))  # type: ignore[attr-defined]
                continue
            kinds.add(kind)
            if kind is ast.Call:
                stack.append((node.func, "()", ""))  # type: ignore[attr-defined]
                stack += [(each, "", "") for each in node.args]  # type: ignore[attr-defined]
                for keyword in node.keywords:  # type: ignore[attr-defined]
                    if keyword.arg is not None:
                        self.keywords.add(keyword.arg)
                    stack.append((keyword.value, "", ""))
                continue
            if kind is ast.Import:
                for alias in node.names:  # type: ignore[attr-defined]
                    local = alias.asname or alias.name.partition(".")[0]
                    imported.setdefault(local, set()).add(alias.name if alias.asname else local)
                    dotted.add(alias.name)
                continue
            if kind is ast.ImportFrom:
                base = "." * node.level + (node.module or "")  # type: ignore[attr-defined]
                for alias in node.names:  # type: ignore[attr-defined]
                    if alias.name == "*":
                        self.starred.add(base)
                        continue
                    target = base + alias.name if base.endswith(".") else f"{base}.{alias.name}"
                    if alias.asname and alias.asname != alias.name:
                        self.renamed.add(alias.name)
                    imported.setdefault(alias.asname or alias.name, set()).add(target)
                    dotted.add(target)
                continue
            if kind is ast.ClassDef:
                self.classes.append((node.name, {m.name: _is_static(m) for m in node.body if isinstance(m, ast.FunctionDef)}))  # type: ignore[attr-defined]
            for field in node._fields:
                value = getattr(node, field, None)
                if type(value) is list:
                    stack += [(each, "", "") for each in value if isinstance(each, ast.AST)]
                elif isinstance(value, ast.AST):
                    stack.append((value, "", ""))
        for local, targets in imported.items():
            for chain in chains.get(local, ()):
                dotted.update(target + chain for target in targets)
        whole: set[str] = set()
        for name in dotted:
            while name and name not in whole:
                whole.add(intern(name))
                name = name.rpartition(".")[0]
        return frozenset(whole)

    def mentions(self, names: Iterable[str]) -> bool:
        """Whether one of some dotted names, or something below it, may be imported or used."""
        names = list(names)
        if not self.dotted.isdisjoint(names):
            return True
        return any(name.startswith(f"{source}.") for source in self.starred for name in names)

    def calls(self, *names: str) -> bool:
        """Whether something of one of some names may be called, as a function (under any name) or as a method: ``topk(x)``, ``x.topk()``."""
        return not self.renamed.isdisjoint(names) or any("()" in self.follows.get(key, ()) for name in names for key in (name, "." + name))

    def uses_method(self, *names: str) -> bool:
        """Whether a method of one of some names is called: ``x.view()``."""
        return any("()" in self.follows.get("." + name, ()) for name in names)


def _is_static(method: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id in ("staticmethod", "classmethod") for d in method.decorator_list)


def parsed(file: SourceFile) -> ast.AST | None:
    """What Python's own parser makes of a file; None where it, of the version that runs, does not take it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text_of(file.data))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def outline(file: SourceFile) -> Outline | None:
    """The outline of a file; None where Python's parser does not take it."""
    tree = parsed(file)
    return None if tree is None else Outline(tree)


def nodes(tree: ast.AST) -> list[ast.AST]:
    """A node and all below it, in no order: ``ast.walk``, but faster."""
    found = [tree]
    for node in found:  # which grows meanwhile
        for field in node._fields:
            value = getattr(node, field, None)
            if type(value) is list:
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append(value)
    return found


class Derived:
    """Which expressions may be made of some others, directly or by way of names that are assigned to, whatever their scopes."""

    def __init__(self, every: Iterable[ast.AST], is_source: Callable[[ast.AST], bool]):
        """``every``: all nodes of a file."""
        self._is_source = is_source
        self._names: set[str] = set()
        waiting: list[tuple[set[str], set[str]]] = []  # names, and the names in what is assigned to them
        for node in every:
            if type(node) is ast.Assign:
                targets = {n.id for target in node.targets for n in nodes(target) if type(n) is ast.Name}
                value = nodes(node.value)
                if any(map(is_source, value)):
                    self._names |= targets
                else:
                    waiting.append((targets, {n.id for n in value if type(n) is ast.Name}))
        count = -1
        while count != len(self._names):
            count = len(self._names)
            for targets, read in waiting:
                if not self._names.isdisjoint(read):
                    self._names |= targets

    def __contains__(self, node: object) -> bool:
        return isinstance(node, ast.AST) and any(
            type(n) is ast.Name and n.id in self._names or self._is_source(n) for n in nodes(node)
        )


def called_name(node: ast.AST) -> str:
    """``topk`` of ``topk(x)`` and of ``x.topk()``; nothing where the node is no call of a name."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        if isinstance(node.func, ast.Name):
            return node.func.id
    return ""
