"""What a name stands for where it is used in a Python file: its scopes, the imports that bind it, and version guards."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst

    from migrator.python import Module


class _Libcst:
    """``libcst``, imported when it is first used: most runs parse no Python, and importing it takes longer than all the rest."""

    def __getattr__(self, name: str) -> object:
        import libcst

        value = getattr(libcst, name)
        setattr(self, name, value)
        return value


if not TYPE_CHECKING:
    cst = _Libcst()

_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_MISSING_ERRORS = frozenset(
    {"ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError"}
)  # what another release answers


@dataclass(frozen=True)
class Binding:
    """One place that binds a name. ``target`` is the dotted name of what was imported, None for anything else."""

    node: cst.CSTNode
    target: str | None
    guarded: bool = False


class Names:
    """The names of one module. Everything is worked out for a name when somebody asks for that name."""

    def __init__(self, module: Module):
        self.module = module
        self._by_value: dict[str, list[cst.Name]] = {}
        self._imports: list[cst.CSTNode] = []
        for node in module.nodes:
            kind = type(node)
            if kind is cst.Name:
                self._by_value.setdefault(node.value, []).append(node)
            elif kind is cst.Import or kind is cst.ImportFrom:
                self._imports.append(node)
        self._bound: dict[str, dict[int, list[Binding]]] = {}
        self._scopes: dict[int, tuple[cst.CSTNode, ...]] = {}
        self._locals: dict[str, set[str]] | None = None

    # --- what a name is

    def occurrences(self, name: str) -> list[cst.Name]:
        """Every ``Name`` node that spells a name, attributes and keywords included."""
        return self._by_value.get(name, [])

    def is_use(self, node: cst.Name) -> bool:
        """Whether a name node is a name of its own: not an attribute, a keyword, or part of an import statement."""
        parent = self.module.parent(node)
        if isinstance(parent, cst.Attribute):
            return parent.value is node and self.module.enclosing(node, cst.Import, cst.ImportFrom) is None
        if isinstance(parent, cst.Arg):
            return parent.keyword is not node
        return not isinstance(parent, cst.ImportAlias | cst.ImportFrom | cst.AsName | cst.NameItem)

    def bindings(self, name: str) -> dict[int, list[Binding]]:
        """Every binding of a name: id of the scope's node -> what is bound there."""
        if name not in self._bound:
            self._bound[name] = found = {}
            for node in self.occurrences(name):
                made = self._binding(node)
                if made is not None:
                    scope, binding = made
                    found.setdefault(id(scope), []).append(binding)
        return self._bound[name]

    def is_bound(self, name: str) -> bool:
        """Whether a name is bound anywhere in the file."""
        return bool(self.bindings(name))

    def scope_of(self, node: cst.CSTNode) -> cst.CSTNode:
        """The innermost scope a node is evaluated in: a function, a lambda, a class, a comprehension, or the module."""
        return self._scopes_from(node)[0]

    def bindings_at(self, name: str, node: cst.CSTNode) -> tuple[cst.CSTNode | None, list[Binding]]:
        """The scope that a name refers to where a node stands, and what binds it there."""
        found = self.bindings(name)
        if found:
            for i, scope in enumerate(self._scopes_from(node)):
                if i and isinstance(scope, cst.ClassDef):
                    continue
                if id(scope) in found:
                    return scope, found[id(scope)]
        return None, []

    def resolve(self, name: str, node: cst.CSTNode) -> str | None:
        """The dotted name of what a name was imported from, where a node stands. None where anything else binds it, or a guard."""
        _, bound = self.bindings_at(name, node)
        targets = {b.target for b in bound}
        if len(targets) != 1 or any(b.guarded for b in bound):
            return None
        return targets.pop()

    def qualified(self, node: cst.CSTNode) -> str | None:
        """``torch.nn.functional.relu`` for ``F.relu`` after ``import torch.nn.functional as F``; None when the root is no import."""
        rest: list[str] = []
        while isinstance(node, cst.Attribute):
            rest.append(node.attr.value)
            node = node.value
        if not isinstance(node, cst.Name):
            return None
        known = self.resolve(node.value, node)
        return None if known is None else ".".join([known, *reversed(rest)])

    def builtin(self, node: cst.CSTNode, name: str) -> bool:
        """Whether a node is the builtin of a name: nothing in the file binds it."""
        return isinstance(node, cst.Name) and node.value == name and not self.is_bound(name)

    # --- looking for uses

    def imported(self, target: str) -> set[str]:
        """The local names that an import binds to a dotted name, guarded or not."""
        if self._locals is None:
            self._locals = {}
            for node in self._imports:
                for local, dotted_name, _ in import_pairs(node):
                    self._locals.setdefault(dotted_name, set()).add(local)
        return self._locals.get(target, set())

    def references(self, wanted: Collection[str]) -> Iterator[tuple[cst.CSTNode, str]]:
        """Where the code uses one of some dotted names (a ``Name`` or a chain of attributes), and which; not under a version guard."""
        words = {name.rsplit(".", 1)[-1] for name in wanted}
        words |= {local for name in wanted for local in self.imported(name)}
        for word in sorted(words):
            for leaf in self.occurrences(word):
                parent = self.module.parent(leaf)
                node: cst.CSTNode = leaf
                if isinstance(parent, cst.Attribute) and parent.attr is leaf:
                    node = parent
                elif not self.is_use(leaf) or self._binding(leaf) is not None:
                    continue
                name = self.qualified(node)
                if name in wanted and not self.guarded(node) and self.module.enclosing(node, cst.Import, cst.ImportFrom) is None:
                    yield node, name

    def calls(self, wanted: Collection[str]) -> Iterator[tuple[cst.Call, str]]:
        """The calls of some dotted names, not under a version guard."""
        for node, name in self.references(wanted):
            call = self.module.parent(node)
            if isinstance(call, cst.Call) and call.func is node:
                yield call, name

    def method_calls(self, *names: str) -> Iterator[cst.Call]:
        """The calls ``x.name(...)``, whatever ``x`` is, except where it is an imported module; not under a version guard."""
        for name in names:
            for leaf in self.occurrences(name):
                attribute = self.module.parent(leaf)
                if not (isinstance(attribute, cst.Attribute) and attribute.attr is leaf):
                    continue
                call = self.module.parent(attribute)
                if isinstance(call, cst.Call) and call.func is attribute and self.qualified(attribute) is None and not self.guarded(call):
                    yield call

    # --- guards

    def guarded(self, node: cst.CSTNode) -> bool:
        """Whether a node stands where the project itself tells releases apart: under a test of a version or of ``hasattr``, or in a ``try``
        that another release's ImportError, AttributeError or TypeError leaves."""
        below = node
        for above in self.module.ancestors(node):
            if isinstance(above, cst.If | cst.IfExp) and below is not above.test and self.tests_version(above.test):
                return True
            if isinstance(above, cst.Try | cst.TryStar) and below not in (above.finalbody, above.orelse):
                if _catches(above, _MISSING_ERRORS):
                    return True
            below = above
        return False

    def tests_version(self, test: cst.CSTNode) -> bool:
        """Whether a condition asks for a version, for Python 2 or 3, or whether something exists."""
        for node in self.module.find(cst.Name, under=test):
            word = node.value.lower()
            if "version" in word or word in ("hasattr", "getattr", "py2", "py3", "py37", "find_spec") or word.startswith("torch_"):
                return True
        return False

    def guarded_import(self, node: cst.CSTNode) -> bool:
        """Whether an import statement stands under a test of a version, or in a ``try`` that an ImportError leaves."""
        below = node
        for above in self.module.ancestors(node):
            if isinstance(above, cst.If) and below is not above.test and self.tests_version(above.test):
                return True
            if isinstance(above, cst.Try | cst.TryStar) and _catches(above, _IMPORT_ERRORS):
                return True
            below = above
        return False

    # --- bindings and scopes

    def _binding(self, leaf: cst.Name) -> tuple[cst.CSTNode, Binding] | None:
        """What a name node binds, and in which scope; None for a use."""
        module = self.module
        parent = module.parent(leaf)
        if isinstance(parent, cst.ImportAlias) or (
            isinstance(parent, cst.AsName | cst.Attribute) and module.enclosing(leaf, cst.Import, cst.ImportFrom) is not None
        ):
            return self._import_binding(leaf)
        if isinstance(parent, cst.Param) and parent.name is leaf:
            return self._scopes_from(leaf)[0], Binding(parent, None)
        if isinstance(parent, cst.FunctionDef | cst.ClassDef) and parent.name is leaf:
            return self._scopes_from(parent)[0], Binding(parent, None)
        if isinstance(parent, cst.NameItem):  # global x, nonlocal x: what it is cannot be told from one scope
            return self._scopes_from(leaf)[0], Binding(parent, None)
        if isinstance(parent, cst.MatchAs | cst.MatchStar | cst.MatchMapping):
            return self._scopes_from(leaf)[0], Binding(parent, None)
        target, above = leaf, parent
        while isinstance(above, cst.Tuple | cst.List | cst.Element | cst.StarredElement):
            target, above = above, module.parent(above)
        if isinstance(above, cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.For | cst.CompFor) and above.target is target:
            return self._scopes_from(leaf)[0], Binding(above, None)
        if isinstance(above, cst.NamedExpr) and above.target is target:
            scopes = self._scopes_from(leaf)
            return next(s for s in scopes if not _is_comprehension(s)), Binding(above, None)
        if isinstance(above, cst.AsName) and above.name is target:
            return self._scopes_from(leaf)[0], Binding(above, None)
        if isinstance(above, cst.Del):
            return self._scopes_from(leaf)[0], Binding(above, None)
        return None

    def _import_binding(self, leaf: cst.Name) -> tuple[cst.CSTNode, Binding] | None:
        module = self.module
        statement = module.enclosing(leaf, cst.Import, cst.ImportFrom)
        if statement is None:
            return None
        for local, target, bound in import_pairs(statement):
            if bound is leaf and local == leaf.value:
                return self._scopes_from(statement)[0], Binding(statement, target, self.guarded_import(statement))
        return None

    def _scopes_from(self, node: cst.CSTNode) -> tuple[cst.CSTNode, ...]:
        """The scopes around a node, innermost first, the module last."""
        known = self._scopes.get(id(node))
        if known is not None:
            return known
        parent = self.module.parent(node)
        if parent is None:
            result: tuple[cst.CSTNode, ...] = (node,)
        else:
            outer = self._scopes_from(parent)
            result = outer
            if isinstance(parent, cst.FunctionDef | cst.ClassDef | cst.Lambda):
                if node is parent.body:
                    result = (parent, *outer)
            elif isinstance(parent, cst.Param):
                owner = self.module.parent(self.module.parent(parent)) if node is parent.name else None
                result = (owner, *outer) if owner is not None else outer
            elif isinstance(parent, cst.BaseComp):
                result = (parent, *outer)
            elif isinstance(parent, cst.CompFor) and node is parent.iter and isinstance(self.module.parent(parent), cst.BaseComp):
                result = outer[1:]  # the first iterable belongs to the scope around
        self._scopes[id(node)] = result
        return result


def _is_comprehension(scope: cst.CSTNode) -> bool:
    return isinstance(scope, cst.BaseComp)


def _catches(node: cst.CSTNode, names: Collection[str]) -> bool:
    """Whether a ``try`` has a handler for one of some exceptions; a bare ``except:`` handles every one."""
    for handler in node.handlers:
        if handler.type is None:
            return "Exception" in names or len(node.body.body) == 1
        found = handler.type.elements if isinstance(handler.type, cst.Tuple) else [handler.type]
        for item in found:
            value = item.value if isinstance(item, cst.Element) else item
            last = value.attr if isinstance(value, cst.Attribute) else value
            if isinstance(last, cst.Name) and last.value in names:
                return True
    return False


def import_pairs(node: cst.CSTNode) -> Iterator[tuple[str, str, cst.Name]]:
    """(local name, dotted name of what it stands for, the node that spells the local name); none for ``import *``."""
    from migrator.python import dotted

    if isinstance(node, cst.Import):
        for alias in node.names:
            if alias.asname is not None:
                yield alias.asname.name.value, dotted(alias.name) or "", alias.asname.name
            else:
                root = alias.name
                while isinstance(root, cst.Attribute):
                    root = root.value
                yield root.value, root.value, root
    elif isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
        base = source_module(node)
        for alias in node.names:
            name = alias.name.value
            bound = alias.asname.name if alias.asname is not None else alias.name
            yield bound.value, base + name if base.endswith(".") else f"{base}.{name}", bound


def source_module(node: cst.ImportFrom) -> str:
    """``a.b`` of ``from a.b import c``, with the dots of a relative import in front."""
    from migrator.python import dotted

    return "." * len(node.relative) + (dotted(node.module) or "" if node.module is not None else "")
