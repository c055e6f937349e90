"""Invert a mask with ``~``, not with ``1 - mask``.

Comparisons return bool tensors since torch 1.2, and ``-`` with a bool tensor raises. The change is made where the source says that the mask
is one: a comparison of a tensor, ``x.eq(y)``, ``torch.isnan(x)``, ``.bool()``, or a name for one. ``1 - mask`` was 0 and 1 where ``~mask``
is False and True: the same for indexing, products and sums.

Before:
    import torch
    mask = torch.isnan(x)
    kept = x[1 - mask]
After:
    import torch
    mask = torch.isnan(x)
    kept = x[~mask]
"""

from __future__ import annotations

import ast
import re

from migrator.python import cst
from migrator.python_outline import Derived, called_name
from migrator.rewrite import Change, Rewrite
from rewrites.python._tensor import BOOL_CALLS, Tensors

ID = "mask-minus"
_ONE_MINUS = re.compile(rb"1\s*-\s*[A-Za-z_(~]")  # without one there is nothing to parse the file for


def fix(ctx):
    module = ctx.module if ctx.has("torch") and _ONE_MINUS.search(ctx.file.data) and ctx.may_hold(ast.Sub) and _may_invert(ctx) else None
    if module is None:
        return
    tensors = Tensors(module)
    for node in module.find(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Subtract) or not (isinstance(node.left, cst.Integer) and node.left.value == "1"):
            continue
        kind = tensors.kind(node.right)
        if kind is None or kind.dtype != "bool" or module.names.guarded(node):
            continue
        code = module.code(node.right)
        if not isinstance(node.right, cst.Name | cst.Attribute | cst.Call | cst.Subscript) and not node.right.lpar:
            code = f"({code})"
        above = module.parent(node)
        if isinstance(above, cst.BinaryOperation | cst.Comparison | cst.UnaryOperation | cst.Attribute) and not node.lpar:
            continue  # what binds tighter next to it is not worth guessing
        start, end = module.span(node)
        yield Change(ID, (module.replace_span(start, end, "~" + code),))


def _may_invert(ctx) -> bool:
    """Whether ``1 -`` stands before something that may be made of a comparison: what ``fix`` looks for, whatever else it asks."""
    every = ctx.syntax
    if every is None or not ctx.outline.renamed.isdisjoint(BOOL_CALLS):
        return True
    taken = [n.right for n in every if type(n) is ast.BinOp and type(n.op) is ast.Sub and type(n.left) is ast.Constant and n.left.value == 1]
    masks = Derived(every, _is_mask) if taken else ()
    return any(each in masks for each in taken)


def _is_mask(node: ast.AST) -> bool:
    if isinstance(node, ast.Name | ast.Attribute):
        return "bool" == (node.id if isinstance(node, ast.Name) else node.attr)
    return isinstance(node, ast.Compare) or called_name(node) in BOOL_CALLS


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"eq", "ne", "gt", "ge", "lt", "le", "isnan", "isfinite", "bool", "torch"}),
    language="python",
    removed_in="1.2",
)
