"""Names of Python modules that have another home today: one table, every way of importing them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from migrator import releases
from migrator.python import Module, cst
from migrator.python_imports import module_edits, spelled, take_from_import
from migrator.python_names import import_pairs, source_module
from migrator.rewrite import Change, Edit, Finding, Result, settings_floor


@dataclass(frozen=True)
class Moved:
    """Where a name is today: ``new`` its dotted name (a builtin has no dot), ``since`` the torch release that first has it there.

    ``by_name``: importing the root of the package does not import the module that has it.
    """

    new: str
    since: str = "1.0"
    by_name: bool = False


def moved(rule: str, table: Mapping[str, Moved], broken: bool = True, gone: str = "") -> Callable[[object], Iterator[Result]]:
    """The function of a rewrite that follows a table of old dotted names. ``broken``: the old names are errors, not merely deprecated.
    ``gone``: a module that is gone as a whole; its import goes once nothing uses it.

    Names under a version guard stay, and those that a ``try`` binds, unless none of its arms works any more.
    """
    def fix(ctx) -> Iterator[Result]:
        module = ctx.module if ctx.may_use(table) or (gone and any(map(ctx.spells, table))) else None  # an import alone may be left of it
        if module is None:
            return
        known: dict[str, Moved] = {}
        late: dict[str, Moved] = {}
        for old, new in table.items():
            (known if releases.parse(new.since) <= settings_floor(ctx) else late)[old] = new
        yield from _imports(ctx, module, rule, known)
        yield from _references(module, rule, known)
        if gone:
            yield from unused_module(module, rule, gone)
        if broken:
            for node, old in module.names.references(late):
                yield _too_new(rule, module.start(node), old, late[old])

    return fix


def _too_new(rule: str, start: int, old: str, new: Moved) -> Finding:
    return Finding(
        rule,
        start,
        f"{old} has to become {new.new}, which exists since torch {new.since}",
        f"raise --min-torch to {new.since}, or test the version by hand",
    )


def _split(name: str) -> tuple[str, str]:
    home, _, last = name.rpartition(".")
    return home, last


def _references(module: Module, rule: str, table: Mapping[str, Moved]) -> Iterator[Result]:
    """Uses through a module: ``F.upsample``, ``torch.nn.functional.upsample``."""
    for node, old in module.names.references(table):
        if not isinstance(node, cst.Attribute):
            continue  # the import statement decides
        new = table[old].new
        home, last = _split(new)
        if home == _split(old)[0]:
            yield Change(rule, (module.replace(node.attr, last),))
            continue
        if not home:
            if not module.names.is_bound(last):
                yield Change(rule, (module.replace(node, last),))
                continue
            code = None
        else:
            code = spelled(module, node, new)
            if code is not None and table[old].by_name and code[0].count("."):
                needed = module_edits(module, home)
                code = (new, needed) if needed is not None else None
        if code is None:
            yield Finding(
                rule, module.start(node), f"{old} is {new} today", f"import it under a free name: {last} means something else in this file"
            )
        else:
            yield Change(rule, (module.replace(node, code[0]), *code[1]))


def _imports(ctx, module: Module, rule: str, table: Mapping[str, Moved]) -> Iterator[Result]:
    """``from torch.nn.functional import upsample``, and the uses of the name that it binds."""
    homes = {_split(old)[0] for old in table}
    for node in module.find(cst.ImportFrom):
        base = source_module(node)
        if base not in homes or isinstance(node.names, cst.ImportStar):
            continue
        hits = [(alias, table[f"{base}.{alias.name.value}"]) for alias in node.names if f"{base}.{alias.name.value}" in table]
        if not hits or module.names.guarded_import(node) and not no_arm_works(module, node, table):
            continue
        edits: list[Edit] = []
        elsewhere: dict[str, list[str]] = {}  # new module -> what is imported from it
        gone = []
        for alias, new in hits:
            home, last = _split(new.new)
            local = alias.asname.name.value if alias.asname is not None else alias.name.value
            uses = _renamed(ctx, module, alias, last, not home)
            bound = last if uses is not None and alias.asname is None else local
            edits += uses or []
            spelling = last if bound == last else f"{last} as {bound}"
            if home == base:
                if spelling != module.code(alias):
                    edits.append(module.replace(alias, spelling))
            elif not home and bound == last:
                gone.append(alias)
            else:
                gone.append(alias)
                elsewhere.setdefault(home or "builtins", []).append(spelling)
        if gone:
            if len(gone) == len(node.names) and len(elsewhere) == 1 and sum(map(len, elsewhere.values())) == len(gone):
                (home,) = elsewhere
                edits.append(module.replace(node.module, home))
                edits += [module.replace(a, s) for a, s in zip(gone, elsewhere[home], strict=True) if module.code(a) != s]
            else:
                statements = [f"from {home} import {', '.join(names)}" for home, names in elsewhere.items()]
                taken = take_from_import(module, node, gone, statements)
                if taken is None:
                    names = ", ".join(
                        f"{a.name.value} from {_split(table[f'{base}.{a.name.value}'].new)[0] or 'nowhere: it is a builtin'}" for a in gone
                    )
                    yield Finding(rule, module.start(node), f"{base} does not have these names today", f"import {names}")
                    continue
                edits += taken
        if edits:
            yield Change(rule, tuple(sorted(edits)))


def unused_module(module: Module, rule: str, home: str) -> Iterator[Result]:
    """Takes away the imports of a module itself, once nothing uses it; reports them as long as something does."""
    names = module.names
    last = _split(home)[1]
    by_whole_name = any(names.qualified(module.parent(n)) == home for n in names.occurrences(last) if not _in_import(module, n))
    for node in module.find(cst.Import, cst.ImportFrom):
        if isinstance(node.names, cst.ImportStar) or names.guarded_import(node):
            continue
        for local, target, leaf in import_pairs(node):
            alias = module.enclosing(leaf, cst.ImportAlias)
            if target == home:
                used = any(names.is_use(n) for n in names.occurrences(local))
                edits = take_from_import(module, node, [alias], []) if not used else None
                if edits is not None:
                    yield Change(rule, edits)
                else:
                    yield Finding(
                        rule,
                        module.start(node),
                        f"{home} is gone",
                        "look for what is used of it in the public modules, and drop the import",
                    )
            elif not by_whole_name and alias.asname is None and isinstance(node, cst.Import) and module.code(alias) == home:
                yield Change(rule, (module.replace(alias, target),))


def unused_imports(module: Module, rule: str, homes: Collection[str]) -> Iterator[Change]:
    """Takes away ``import HOME`` of modules that are gone, where nothing uses them (any more)."""
    for node in module.find(cst.Import):
        for local, target, leaf in import_pairs(node):
            unused = not any(module.names.is_use(n) for n in module.names.occurrences(local))
            if target in homes and unused and not module.names.guarded_import(node):
                edits = take_from_import(module, node, [module.enclosing(leaf, cst.ImportAlias)], [])
                if edits is not None:
                    yield Change(rule, edits)


def _in_import(module: Module, node: cst.CSTNode) -> bool:
    return module.enclosing(node, cst.Import, cst.ImportFrom) is not None


def no_arm_works(module: Module, node: cst.CSTNode, table: Mapping[str, Moved]) -> bool:
    """Whether every arm of the ``try`` around an import statement imports a name that is gone, or binds nothing (it prints, it raises)."""
    block = module.enclosing(node, cst.Try, cst.TryStar)
    if block is None or module.names.guarded(block):
        return False
    for arm in [block.body, *(h.body for h in block.handlers)]:
        imports = module.find(cst.ImportFrom, under=arm)
        names = {f"{source_module(n)}.{a.name.value}" for n in imports if not isinstance(n.names, cst.ImportStar) for a in n.names}
        binds = module.find(cst.Import, cst.ImportFrom, cst.Assign, cst.AnnAssign, cst.FunctionDef, cst.ClassDef, under=arm)
        if binds and not names & table.keys():
            return False
    return True


def _renamed(ctx, module: Module, alias: cst.ImportAlias, new: str, is_builtin: bool) -> list[Edit] | None:
    """Edits of every use of an imported name, where it can have its new name: that is free, and no other file may import the old one."""
    if alias.asname is not None:
        return None
    if alias.name.value == new:
        return []
    names = module.names
    if names.is_bound(new) or (not is_builtin and any(names.is_use(n) for n in names.occurrences(new))):
        return None
    uses = renamable(ctx, module, alias)
    return None if uses is None else [module.replace(n, new) for n in uses]


def renamable(ctx, module: Module, alias: cst.ImportAlias) -> list[cst.Name] | None:
    """Every use of an imported name, where all are known: the file binds it once, and no other file of the project may import it."""
    name = alias.asname.name.value if alias.asname is not None else alias.name.value
    names = module.names
    word = name.encode()
    if any(word in file.words and path != ctx.path for path, file in ctx.project.scripts.items() if path.suffix == ".py"):
        return None
    bound = [b for found in names.bindings(name).values() for b in found]
    uses = [n for n in names.occurrences(name) if names.is_use(n)]
    if len(bound) != 1 or any(names.bindings_at(name, n)[1] != bound for n in uses):
        return None
    return uses
