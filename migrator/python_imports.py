"""Edits of import statements, and how a dotted name is spelled with the imports that a file has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from migrator.python import cst, remove_items
from migrator.rewrite import Edit

if TYPE_CHECKING:
    from migrator.python import Module


def spelled(module: Module, at: cst.CSTNode, target: str) -> tuple[str, tuple[Edit, ...]] | None:
    """The code for a dotted name where a node stands, and the edits that it needs (an import that is missing).

    ``torch.nn.functional.pad`` is ``F.pad`` after ``import torch.nn.functional as F``. None where the file uses the name that an import
    would bind for something else.
    """
    parts = target.split(".")
    for length in range(len(parts), 0, -1):
        prefix, rest = ".".join(parts[:length]), parts[length:]
        for local in sorted(module.names.imported(prefix), key=lambda name: (len(name), name)):
            if module.names.resolve(local, at) == prefix:
                return ".".join([local, *rest]), ()
    root = parts[0]
    if _is_taken(module, root):
        return None
    return target, (import_edit(module, f"import {root}"),)


def module_edits(module: Module, name: str) -> tuple[Edit, ...] | None:
    """Edits that make the file import a module by its whole name; none where it does already. None where the name of its root is taken."""
    root = name.split(".")[0]
    plain = []
    for node in module.find(cst.Import):
        if isinstance(module.parent(module.parent(node)), cst.Module):
            plain += [alias for alias in node.names if alias.asname is None]
    if any((module.code(alias) + ".").startswith(name + ".") for alias in plain):
        return ()
    same = next((alias for alias in plain if module.code(alias) == root), None)
    if same is not None and name.count(".") == 1:
        return (module.replace(same, name),)
    if same is None and _is_taken(module, root) and not any(module.code(alias).startswith(root + ".") for alias in plain):
        return None
    return (import_edit(module, f"import {name}"),)


def _is_taken(module: Module, name: str) -> bool:
    """Whether the file binds a name, or uses one that it does not bind (of an ``import *``)."""
    return module.names.is_bound(name) or any(module.names.is_use(n) for n in module.names.occurrences(name))


def import_edit(module: Module, statement: str) -> Edit:
    """Puts an import statement in front of the file's first import, or after its docstring."""
    newline = module.file.newline.decode()
    after = 0
    for item in module.root.body:
        statements = item.body if isinstance(item, cst.SimpleStatementLine) else ()
        first = statements[0] if statements else None
        if isinstance(first, cst.Import) or (isinstance(first, cst.ImportFrom) and _source(first) != "__future__"):
            return module.insert(module.start(first), statement + newline)
        is_docstring = isinstance(first, cst.Expr) and isinstance(first.value, cst.SimpleString | cst.ConcatenatedString)
        if not is_docstring and not isinstance(first, cst.ImportFrom):
            start = module.start(item)
            break
        after = start = module.file.line_span(module.span(first)[1])[1]
    else:
        start = after
    if start == after and start and not module.data[:start].endswith(b"\n"):
        return module.insert(start, newline + statement)
    return module.insert(start, statement + newline + ("" if start == after else newline))


def _source(node: cst.ImportFrom) -> str:
    return getattr(node.module, "value", "") if not node.relative else ""


def take_from_import(module: Module, node: cst.ImportFrom, gone: Iterable[cst.ImportAlias], instead: list[str]) -> tuple[Edit, ...] | None:
    """Takes some names out of ``from x import a, b, c`` and puts whole statements in front of what is left of it.

    None where the statement does not stand on lines of its own.
    """
    line = module.parent(node)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    names = list(node.names)
    indices = [i for i, alias in enumerate(names) if any(alias is g for g in gone)]
    start, end = module.span(node)
    newline = module.file.newline.decode()
    indent = module.file.text(module.file.line_span(start)[0], start)
    if indent.strip():
        return None
    if len(indices) == len(names):
        if b"#" in module.data[start:end]:
            return None
        if instead:
            return (module.replace_span(start, end, (newline + indent).join(instead)),)
        return (drop_statement(module, node),)
    inner = (module.span(names[0])[0], module.span(node)[1] - (1 if getattr(node, "rpar", None) is not None else 0))
    edits = remove_items(module, names, indices, inner)
    if instead:
        edits.append(module.insert(start, "".join(s + newline + indent for s in instead)))
    return tuple(edits)


def drop_statement(module: Module, node: cst.BaseSmallStatement) -> Edit:
    """Takes a statement away, with its line where nothing else stands there; ``pass`` where the block needs a statement."""
    line = module.parent(node)
    block = module.parent(line) if line is not None else None
    start, end = module.span(node)
    first, last = module.file.line_span(start)[0], module.file.line_span(max(start, end - 1))[1]
    alone = not module.data[first:start].strip() and not module.data[end:last].strip()
    if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 and alone and len(getattr(block, "body", ())) > 1:
        return Edit(first, last, b"")
    return Edit(start, end, b"pass")
