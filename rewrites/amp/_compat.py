"""Mixed precision from the module that cuport writes into the project (``--amp-compat``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from migrator.amp_shim import MODULE, source
from migrator.python import Module, cst, remove_items
from migrator.python_names import import_pairs, source_module
from migrator.rewrite import Change, Edit, Finding, NewFile
from rewrites.amp._tolerant import import_line
from rewrites.amp._uses import NEW, OLD, Binding, Stuck, Use, bindings, modules, stray, uses

HOMES = OLD | NEW
_ADVICE = f"write the module where this file can import it (cuport amp-shim PATH), and import from it: from {MODULE} import autocast"


def fix(ctx, rule: str) -> Iterator[Change | Finding | NewFile]:
    """The changes of one file, and the module."""
    module = ctx.module
    bound = list(bindings(module, HOMES))
    local = {name for b in bound for name in b.names}
    found = list(uses(module, HOMES))
    mine = [u for u in found if u.root.value in local]
    loose = [u for u in found if u.root.value not in local and not module.names.guarded(u.node)]
    if not bound and not loose or ctx.path.name == f"{MODULE}.py":
        return
    try:
        path, name = _home(ctx)
    except Stuck as stuck:
        yield Finding(rule, module.start((bound[0] if bound else loose[0]).node), str(stuck), stuck.advice)
        return
    try:
        edits = _imported(module, bound, mine, name)
    except Stuck as stuck:
        yield Finding(rule, module.start(stuck.node), stuck.message, stuck.advice)
        edits, bound = [], []
    try:
        edits += _loose(ctx, bound, loose, name)
    except Stuck as stuck:
        yield Finding(rule, module.start(stuck.node), stuck.message, stuck.advice)
    if edits:
        yield Change(rule, tuple(sorted(edits)))
        yield NewFile(rule, path, source())


def _imported(module: Module, bound: list[Binding], mine: list[Use], name: str) -> list[Edit]:
    """The edits of the imports; the calls stay as they are. Raises Stuck."""
    for use in mine:
        if module.names.guarded(use.node):
            raise Stuck(use.node, f"{use.name} is used under a version guard, and imported outside of it", _ADVICE)
    edits = []
    for binding in bound:
        other = stray(module, binding, HOMES)
        packages = [local for local, what in binding.names.items() if not what]
        if other is not None or (packages and (binding.others or len(packages) > 1)):
            raise Stuck(other or binding.node, "this import is used for more than mixed precision", _ADVICE)
        if packages:
            package, _, last = name.rpartition(".")
            text = f"from {package} import {last} as {packages[0]}" if package else f"import {last} as {packages[0]}"
            edits.append(module.replace(binding.node, text))
        elif binding.others:
            edits += _taken_out(module, binding, name)
        else:
            edits.append(module.replace(binding.node.module, name))
    return edits


def _taken_out(module: Module, binding: Binding, name: str) -> list[Edit]:
    """``from torch import autocast, nn`` -> two statements. Raises Stuck where it shares its line with others."""
    node = binding.node
    line = module.parent(node)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise Stuck(node, "this import shares its line with other statements", "put it on a line of its own and run cuport again")
    aliases = list(node.names)
    mine = [i for i, alias in enumerate(aliases) if (alias.asname or alias).name.value in binding.names]
    inner = (module.start(aliases[0]), module.span(node)[1] - (1 if node.rpar is not None else 0))
    start = module.start(node)
    first = module.file.line_span(start)[0]
    what = ", ".join(module.code(aliases[i]).rstrip(", ") for i in mine)
    text = f"from {name} import {what}{module.file.newline.decode()}{module.file.text(first, start)}"
    return [module.insert(start, text), *remove_items(module, aliases, mine, inner)]


def _loose(ctx, bound: list[Binding], loose: list[Use], name: str) -> list[Edit]:
    """The edits of the uses that start at ``torch``. Raises Stuck."""
    module = ctx.module
    at_head = [b for b in bound if module.parent(module.parent(b.node)) is module.root]
    known = {what: local for b in at_head for local, what in b.names.items() if what}
    missing = sorted({u.name for u in loose} - set(known), key=str.lower)
    for use in loose:
        if use.name in missing and module.names.is_bound(use.name):
            raise Stuck(use.node, f"{use.name} means something else in this file", _ADVICE)
    edits = [module.replace(u.node, known.get(u.name, u.name)) for u in loose]
    if missing:
        text = f"from {name} import {', '.join(missing)}{ctx.file.newline.decode()}"
        edits.append(module.insert(import_line(module, loose[0]), text))
    return edits


def _home(ctx) -> tuple[Path, str]:
    """Where the module goes, and what the file has to import. Raises Stuck where no place is sure to be found at run time."""
    users = ctx.project.cached("amp: users", lambda: list(_users(ctx.project)))
    packages = {p for p in map(_package, users) if p is not None}
    folders = {p.parent for p in users if _package(p) is None}
    mine = _package(ctx.path)
    folder, name = None, MODULE
    if mine is not None and (packages == {mine} or not folders):
        folder, name = mine, f"{mine.name}.{MODULE}"
    elif mine is None and len(packages) == 1 and _imports(ctx.module, next(iter(packages)).name):
        folder = next(iter(packages))
        name = f"{folder.name}.{MODULE}"
    else:
        roots = folders | {p.parent for p in packages}
        top = min(roots, key=lambda p: len(p.parts))
        here = mine.parent if mine is not None else ctx.path.parent
        if here == top or _runs_from(ctx.project, top, here):
            folder = top
    if folder is None:
        raise Stuck(ctx.module.root, "this file and the others that use mixed precision have no folder in common to import from", _ADVICE)
    path = folder / f"{MODULE}.py"
    if path.exists() and path.read_bytes().partition(b"\n")[0] != source().partition(b"\n")[0]:
        raise Stuck(ctx.module.root, f"{MODULE}.py is another module in this project", _ADVICE)
    return path, name


def _users(project) -> Iterator[Path]:
    by_source = {id(file): path for path, file in project.scripts.items()}
    for module in modules(project):
        path = by_source[id(module.file)]
        if path.name != f"{MODULE}.py" and (any(bindings(module, HOMES)) or any(uses(module, HOMES)) or _ported(module)):
            yield path


def _ported(module: Module) -> bool:
    """Whether a file has its names from the module already: it still tells where that is."""
    pairs = (target for node in module.find(cst.Import, cst.ImportFrom) for _, target, _ in import_pairs(node))
    return any(MODULE in target.split(".") for target in pairs)


def _package(path: Path) -> Path | None:
    """The outermost package that a file belongs to."""
    found = None
    for folder in path.parents:
        if not (folder / "__init__.py").is_file():
            break
        found = folder
    return found


def _imports(module: Module, package: str) -> bool:
    """Whether a file imports something of a package."""
    for node in module.find(cst.Import):
        if any(module.code(alias.name).split(".")[0] == package for alias in node.names):
            return True
    return any(source_module(node).split(".")[0] == package for node in module.find(cst.ImportFrom))


def _runs_from(project, top: Path, folder: Path) -> bool:
    """Whether a script in ``top`` imports from a folder under it, so that ``top`` is on the path when that code runs."""
    if not folder.is_relative_to(top):
        return False
    first = folder.relative_to(top).parts[0]
    for path, file in project.scripts.items():
        if path.parent == top and path.suffix == ".py" and first.encode() in file.words:
            module = project.module(path)
            if module is not None and _imports(module, first):
                return True
    return False

