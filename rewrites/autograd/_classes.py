"""The autograd functions of a project, who uses them and how."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from migrator.python import Module, cst, dotted, source_module
from rewrites.autograd._origin import leads_to, origin

BASES = frozenset({"torch.autograd.Function", "torch.autograd.function.Function", "torch.autograd.functional.Function"})


class Stuck(Exception):
    """What could not be ported; says where and why."""

    def __init__(self, module: Module, node: cst.CSTNode, message: str, advice: str = ""):
        super().__init__(message)
        self.module, self.node, self.message, self.advice = module, node, message, advice


@dataclass
class Param:
    """A parameter: its name, its code, the code of its default."""

    name: str
    code: str
    default: str | None


@dataclass
class Signature:
    """What callers gave the class (``made``) and its instance (``called``); ``open`` when the instance takes any number."""

    made: tuple[Param, ...]
    called: tuple[Param, ...]
    open: bool


@dataclass
class FunctionClass:
    """One subclass of ``torch.autograd.Function``."""

    path: Path
    module: Module
    node: cst.ClassDef
    methods: dict[str, cst.FunctionDef]
    legacy: bool

    @property
    def name(self) -> str:
        return self.node.name.value


def is_static(method: cst.FunctionDef) -> bool:
    return any(dotted(d.decorator) in ("staticmethod", "classmethod") for d in method.decorators)


def classes(project, ported: Collection[str] = ()) -> Iterator[FunctionClass]:
    """The classes of the project that derive from ``torch.autograd.Function`` itself and have a ``forward``.

    Files are left out where all such classes are static, none has a name in ``ported``, and no file makes an instance of one of that name:
    most of today's.
    """
    found: dict[Path, dict[str, bool]] = {}  # of each file: a class that may be one, and whether its forward is static
    unread: set[Path] = set()
    for path in project.python_files:
        file = project.scripts[path]
        if not {b"Function", b"forward", b"class"} <= file.words:
            continue
        outline = project.outline(path)
        if outline is None:
            unread.add(path)
        elif outline.mentions(BASES):
            found[path] = {}
            for name, methods in outline.classes:
                if "forward" in methods:
                    found[path][name] = methods["forward"] and found[path].get(name, True)
    concerned = {name for candidates in found.values() for name, static in candidates.items() if not static or name in ported}
    for name in {name for candidates in found.values() for name in candidates} - concerned:
        users = (path for path in project.python_files if name.encode() in project.scripts[path].words)
        if any(_may_use(project, path, name, True, name in found.get(path, ())) for path in users):
            concerned.add(name)
    for path in project.python_files:
        if path not in unread and concerned.isdisjoint(found.get(path, ())):
            continue
        module = project.module(path)
        if module is None:
            continue
        for node in module.find(cst.ClassDef):
            if not any(module.qualified(base.value) in BASES for base in node.bases) or not isinstance(node.body, cst.IndentedBlock):
                continue
            methods = {m.name.value: m for m in node.body.body if isinstance(m, cst.FunctionDef)}
            if "forward" in methods:
                legacy = not is_static(methods["forward"])
                yield FunctionClass(path, module, node, methods, legacy)


def parameters(module: Module, method: cst.FunctionDef) -> tuple[Param, ...]:
    """The parameters after the first."""
    found = []
    for p in method.params.params[1:]:
        code = p.name.value
        if p.annotation is not None:
            code += f": {module.code(p.annotation.annotation)}"
        default = module.code(p.default) if p.default is not None else None
        if default is not None:
            code += f" = {default}" if p.annotation is not None else f"={default}"
        found.append(Param(p.name.value, code, default))
    return tuple(found)


def signature(cls: FunctionClass) -> Signature:
    """Raises Stuck where the constructor takes what cannot be moved into ``apply``."""
    module = cls.module
    init = cls.methods.get("__init__")
    forward = cls.methods["forward"]
    made: tuple[Param, ...] = ()
    if init is not None:
        p = init.params
        if isinstance(p.star_arg, cst.Param) or p.kwonly_params or p.star_kwarg is not None or p.posonly_params:
            raise Stuck(module, init, f"the constructor of {cls.name} takes any arguments")
        made = parameters(module, init)
    p = forward.params
    if p.kwonly_params or p.star_kwarg is not None or p.posonly_params or not p.params:
        raise Stuck(module, forward, f"forward of {cls.name} takes keyword arguments, and apply passes none")
    open_ = isinstance(p.star_arg, cst.Param)
    if open_ and made:
        raise Stuck(
            module,
            forward,
            f"forward of {cls.name} takes any number of tensors, and its constructor takes arguments",
            "put the constructor's arguments first in forward, in backward's result and at every call of apply",
        )
    return Signature(made, parameters(module, forward), open_)


@dataclass
class Use:
    """A place where a function class is named, and the name's node."""

    path: Path
    module: Module
    node: cst.CSTNode


def uses(project, cls: FunctionClass, rivals: list[FunctionClass], instances: bool = False) -> Iterator[Use]:
    """Where the project names the class, by its own name or by one that was assigned to it; import statements do not count.

    ``instances``: files that only ask the class for attributes (``F.apply``) may be left out.
    """
    word = cls.name.encode()
    holders = project.cached(("autograd", word), lambda: [p for p in project.python_files if word in project.scripts[p].words])
    for path in holders:
        if not _may_use(project, path, cls.name, instances, path == cls.path):
            continue
        module = project.module(path)
        if module is None:
            continue
        names = _names(project, path, module, cls, rivals)
        for assign in module.find(cst.Assign) if names else ():  # roi_align = RoIAlignFunction
            if isinstance(assign.value, cst.Name) and assign.value.value in names and len(assign.targets) == 1:
                target = assign.targets[0].target
                if isinstance(target, cst.Name) and isinstance(module.parent(module.parent(assign)), cst.Module):
                    names.add(target.value)
        for node in module.find(cst.Name):
            parent = module.parent(node)
            if isinstance(parent, cst.Attribute) and parent.attr is node:
                if node.value == cls.name and _means_module(project, path, module, parent, cls, guess=cls.name not in names):
                    yield Use(path, module, parent)
            elif node.value in names and not isinstance(
                parent, (cst.ImportAlias, cst.ImportFrom, cst.AsName, cst.Param, cst.AssignTarget, cst.NameItem)
            ):
                if isinstance(parent, cst.ClassDef) and parent.name is node or isinstance(parent, cst.Arg) and parent.keyword is node:
                    continue
                yield Use(path, module, node)


def _may_use(project, path: Path, name: str, instances: bool, is_own: bool) -> bool:
    """Whether a file uses a class of the project, or (``instances``) does more with it than to ask for an attribute. ``is_own``: it has
    a class of that name. Otherwise an import brings it, from elsewhere than torch."""
    outline = project.outline(path)
    if outline is None or name in outline.renamed:
        return True
    sources = [*(f"{source}." for source in outline.starred), *(each for each in outline.dotted if each.endswith("." + name))]
    if not is_own and all(source.startswith("torch.") for source in sources):
        return False
    behind = outline.follows.get(name, set()) | outline.follows.get("." + name, set())
    return any(not (instances and each.startswith(".")) for each in behind)


def _names(project, path: Path, module: Module, cls: FunctionClass, rivals: list[FunctionClass]) -> set[str]:
    if path == cls.path:
        return {cls.name}
    if any(r.path == path for r in rivals):
        return set()
    bound = module.names.bindings(cls.name).get(id(module.root), ())
    own = any(isinstance(b.node, cst.ClassDef | cst.FunctionDef) for b in bound)  # the file's own, whatever an import * brings besides
    found, guessed, others = set(), set(), set()
    for node in module.find(cst.ImportFrom):
        source = source_module(node)
        if isinstance(node.names, cst.ImportStar):
            if not own and _means(project, path, source, cls, rivals):
                found.add(cls.name)
            continue
        for alias in node.names:
            name = alias.asname.name.value if alias.asname is not None else cls.name
            if dotted(alias.name) != cls.name or own and name == cls.name:
                continue
            defined = origin(project, path, source, cls.name)
            if defined == cls.path:
                found.add(name)
            elif defined is not None:
                others.add(name)  # a class of that name that is no autograd function, say: a guess beside it would be wrong
            elif _may_mean(path, source, cls, rivals):
                guessed.add(name)
    return found | guessed - others


def strays(project, cls: FunctionClass, rivals: list[FunctionClass]) -> Iterator[Use]:
    """Imports that name the class and a module that is called like its file, and lead to no file of the project."""
    wanted = {cls.name.encode(), cls.path.stem.encode()}
    for path in project.python_files if not rivals else ():
        if path == cls.path or not wanted <= project.scripts[path].words:
            continue
        module = project.module(path)
        for node in module.find(cst.ImportFrom) if module is not None else ():
            source = source_module(node)
            named = not isinstance(node.names, cst.ImportStar) and any(dotted(alias.name) == cls.name for alias in node.names)
            if (
                named
                and source.split(".")[-1] == cls.path.stem
                and not _closeness(path, source, cls.path)
                and not leads_to(project, path, source)
            ):
                yield Use(path, module, node)


def _means(project, path: Path, source: str, cls: FunctionClass, rivals: list[FunctionClass]) -> bool:
    """Whether an import from ``source`` means this class: its file is followed, and guessed where it cannot be."""
    defined = origin(project, path, source, cls.name)
    return defined == cls.path if defined is not None else _may_mean(path, source, cls, rivals)


def _may_mean(path: Path, source: str, cls: FunctionClass, rivals: list[FunctionClass]) -> bool:
    """Whether an import from ``source`` may mean this class and not one of the same name elsewhere."""
    mine = _closeness(path, source, cls.path)
    return mine > 0 and all(_closeness(path, source, r.path) <= mine for r in rivals)


def _closeness(path: Path, source: str, defined: Path) -> int:
    """How many parts of an import's source fit the place of a definition; 0 when none does."""
    base = path.parent
    dots = len(source) - len(source.lstrip("."))
    for _ in range(dots - 1):
        base = base.parent
    parts = [p for p in source.split(".") if p]
    module_parts = [*defined.parts[:-1], defined.stem] if defined.stem != "__init__" else list(defined.parts[:-1])
    if dots:
        wanted = [*base.parts, *parts]
        if module_parts[: len(wanted)] == wanted:
            return 1000 if module_parts == wanted else 500 + len(wanted) - len(module_parts)  # itself, or a package that passes it on
        return 0
    if not parts or parts[0] == "torch":
        return 0
    best = 0
    for start in range(len(module_parts) - 1, -1, -1):
        tail = module_parts[start:]
        if tail[: len(parts)] == parts:
            shared = sum(a == b for a, b in zip(module_parts, path.parts, strict=False))
            best = max(best, shared + 100 - (len(tail) - len(parts)))
    return best


def _means_module(project, path: Path, module: Module, node: cst.Attribute, cls: FunctionClass, guess: bool) -> bool:
    """Whether ``roi_align.RoIAlignFunction`` is the class: its root was imported and leads to its file (``guess``: or is named so)."""
    name = module.qualified(node.value)
    if name is None:
        return False
    defined = origin(project, path, name, cls.name)
    if defined is not None:
        return defined == cls.path
    first, last = name.split(".")[0], name.split(".")[-1]
    return guess and first != "torch" and last in (cls.path.stem, cls.path.parent.name)
