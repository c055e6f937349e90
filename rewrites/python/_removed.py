"""Names of Python modules that are gone and have no successor of one name: one table, every way of importing them, a finding for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from migrator.python import cst
from migrator.python_names import import_pairs
from migrator.releases import parse
from migrator.rewrite import Finding


@dataclass(frozen=True)
class Removed:
    """A name that is gone: the first torch release that meets releases without it, what is wrong, and what to write."""

    since: str
    message: str
    advice: str


def removed(rule: str, table: Mapping[str, Removed]) -> Callable[[object], Iterator[Finding]]:
    """The function of a rewrite that reports the imports and the uses of some dotted names, but for those that the project guards."""

    def fix(ctx) -> Iterator[Finding]:
        module = ctx.module if ctx.may_use(table) else None
        if module is None:
            return
        gone = {name: found for name, found in table.items() if parse(found.since) <= ctx.settings.target}
        for node in module.find(cst.Import, cst.ImportFrom):
            if isinstance(node.names, cst.ImportStar) or module.names.guarded_import(node):
                continue
            targets = [target for _, target, _ in import_pairs(node)]
            if isinstance(node, cst.Import):
                targets += [module.code(alias.name) for alias in node.names]
            for name in sorted({n for n in gone for target in targets if f"{target}.".startswith(f"{n}.")}):
                yield Finding(rule, module.start(node), gone[name].message, gone[name].advice)
        for node, name in module.names.references(gone):
            if isinstance(node, cst.Attribute):
                yield Finding(rule, module.start(node), gone[name].message, gone[name].advice)

    return fix
