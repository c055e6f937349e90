"""Where a Python file uses mixed precision: the imports that bind its names, and every place where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from migrator.amp_shim import MODULE, NAMES
from migrator.python import Module, cst, dotted
from migrator.python_names import import_pairs, source_module
from migrator.source import language_of

_PARTS = ("", ".autocast_mode", ".grad_scaler")  # where the names are defined
OLD = frozenset("torch.cuda.amp" + part for part in _PARTS)
NEW = frozenset({"torch", *("torch.amp" + part for part in _PARTS)})
PACKAGES = frozenset({"torch.cuda.amp", "torch.amp"})  # what may be imported as a whole


class Stuck(Exception):
    """What cannot be rewritten: where, why, and what to write."""

    def __init__(self, node: cst.CSTNode, message: str, advice: str):
        super().__init__(message)
        self.node, self.message, self.advice = node, message, advice


@dataclass(frozen=True)
class Use:
    """An expression that means one of the names; ``root`` is the name that it begins with, ``call`` the call of it, if it is called."""

    node: cst.CSTNode
    name: str
    root: cst.Name
    call: cst.Call | None


@dataclass(frozen=True)
class Binding:
    """An import statement that binds names of mixed precision, or the package that holds them.

    ``names``: local name -> name of mixed precision, or "" for the package. ``others``: whether the statement imports more.
    """

    node: cst.Import | cst.ImportFrom
    names: dict[str, str]
    others: bool


def split(name: str | None, homes: frozenset[str]) -> str | None:
    """``autocast`` for ``torch.cuda.amp.autocast`` where ``torch.cuda.amp`` is one of the homes."""
    home, _, last = (name or "").rpartition(".")
    return last if last in NAMES and home in homes else None


def bindings(module: Module, homes: frozenset[str]) -> Iterator[Binding]:
    """The imports that bind names of mixed precision, but for those that a try/except ImportError or a version guard decides."""
    for node in module.find(cst.Import, cst.ImportFrom):
        names: dict[str, str] = {}
        count = 0
        for local, target, _ in import_pairs(node):
            count += 1
            name = split(target, homes)
            if name is None and target in homes & PACKAGES:
                name = ""
            bound = module.names.bindings(local).get(id(module.names.scope_of(node)), []) if name is not None else []
            if bound and all(b.target == target and not b.guarded for b in bound):
                names[local] = name
        if names:
            yield Binding(node, names, len(names) != count)


def uses(module: Module, homes: frozenset[str]) -> Iterator[Use]:
    """Every expression that means one of the names, those under a version guard included."""
    words = {local for b in bindings(module, homes) for local in b.names} | set(NAMES)
    for leaf in sorted((n for word in words for n in module.names.occurrences(word)), key=module.start):
        above = module.parent(leaf)
        node = above if isinstance(above, cst.Attribute) and above.attr is leaf else leaf
        if node is leaf and not module.names.is_use(leaf) or module.enclosing(node, cst.Import, cst.ImportFrom) is not None:
            continue
        name = split(module.qualified(node), homes)
        if name is not None:
            call = module.parent(node)
            yield Use(node, name, root_of(node), call if isinstance(call, cst.Call) and call.func is node else None)


def root_of(node: cst.CSTNode) -> cst.Name:
    """``torch`` of ``torch.cuda.amp``."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node


def stray(module: Module, binding: Binding, homes: frozenset[str]) -> cst.CSTNode | None:
    """Where a package that is imported as a whole is used for something else than the names."""
    for local in (local for local, name in binding.names.items() if not name):
        for leaf in module.names.occurrences(local):
            above = module.parent(leaf)
            if module.names.is_use(leaf) and module.qualified(leaf) in homes and split(module.qualified(above), homes) is None:
                return leaf
    return None


def is_type(module: Module, node: cst.CSTNode) -> bool:
    """Whether an expression stands where a type does: in an annotation, or as the second argument of isinstance."""
    below = node
    for above in module.ancestors(node):
        if isinstance(above, cst.Annotation):
            return True
        if isinstance(above, cst.Call):
            return dotted(above.func) in ("isinstance", "issubclass") and len(above.args) == 2 and below is above.args[1]
        if not isinstance(above, (cst.Arg, cst.Tuple, cst.Element, cst.Subscript, cst.SubscriptElement, cst.Index, cst.BinaryOperation)):
            return False
        below = above
    return False


def shared(ctx) -> frozenset[str]:
    """The names that files of the project import from one another: who calls them there cannot be seen from here."""
    project = ctx.project
    of_each = (project.kept(path, "amp: shared", lambda: frozenset(_shared(project.module(path)))) for path in holders(project))
    return project.cached("amp: shared", lambda: frozenset().union(*of_each))


def _shared(module: Module | None) -> Iterator[str]:
    if module is not None:
        starred = any(source.split(".")[0] != "torch" for source in module.star_imports())
        for node in module.find(cst.ImportFrom):
            base = source_module(node)
            if base.rpartition(".")[2] != MODULE and base.split(".")[0] not in ("torch", "apex", "accelerate"):
                yield from {target.rpartition(".")[2] for _, target, _ in import_pairs(node)} & set(NAMES)
        for name in NAMES:
            for leaf in module.names.occurrences(name):
                above = module.parent(leaf)
                if isinstance(above, cst.Attribute) and above.attr is leaf:
                    whole = (module.qualified(above) or "torch").split(".")
                    if whole[0] not in ("torch", "apex", "accelerate") and whole[-2] != MODULE:
                        yield name
                elif starred and module.names.is_use(leaf) and not module.names.is_bound(name):
                    yield name
        for node in module.find(cst.SimpleString):  # __all__
            if node.raw_value in NAMES:
                yield node.raw_value


def modules(project) -> Iterator[Module]:
    """The Python files that spell one of the names."""
    for path in holders(project):
        module = project.module(path)
        if module is not None:
            yield module


def holders(project) -> Iterator[Path]:
    """The paths of the Python files that spell one of the names."""
    words = {name.encode() for name in NAMES}
    for path, file in project.scripts.items():
        if language_of(path) == "python" and not words.isdisjoint(file.words):
            yield path
