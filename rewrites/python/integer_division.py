"""Find divisions of indices, and divide them with ``//``.

``/`` divides integer tensors exactly since torch 1.6 (it raised in 1.5, and cut before): what was an index is no integer any more. What the
source shows to be indices (of ``topk``, ``sort``, ``argmax``, ``nonzero()``) or ``.long()``, and is divided by an integer, is
reported. With ``--unsafe-fixes`` indices are divided with ``//``: unsafe, as code that was written for torch 1.6 may want the fraction.

Before:
    import torch
    scores, order = torch.topk(x, 100)
    rows = order / 80
After:
    import torch
    scores, order = torch.topk(x, 100)
    rows = order / 80
"""

from __future__ import annotations

import ast

from migrator.python import cst
from migrator.python_outline import Derived, called_name
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.python._tensor import Tensors

ID = "integer-division"
_PAIRS = ("max", "min")  # over a dimension
_WORDS = {"topk", "sort", "argsort", "argmax", "argmin", "nonzero", "randperm", "long"}
_CALLS = _WORDS | {*_PAIRS}


def fix(ctx):
    module = ctx.module if ctx.has("torch") and ctx.may_hold(ast.Div) and ctx.may_call(*_CALLS) and _may_divide(ctx) else None
    if module is None:
        return
    tensors = Tensors(module)
    for node in module.find(cst.BinaryOperation):
        if not isinstance(node.operator, cst.Divide):
            continue
        left = tensors.kind(node.left)
        cast = isinstance(node.left, cst.Call) and isinstance(node.left.func, cst.Attribute) and node.left.func.attr.value == "long"
        if left is None or not (left.index or cast) or module.names.guarded(node) or not _stays_index(module, node):
            continue
        right = tensors.kind(node.right)
        if not isinstance(node.right, cst.Integer) and (right is None or right.dtype != "int"):
            continue
        if left.index and ctx.settings.unsafe:
            note = "rounds down, as it did for indices; leave / where the fraction is wanted"
            yield Change(ID, (module.replace_span(*module.span(node.operator), _slashes(module, node.operator)),), note=note)
        else:
            yield Finding(
                ID,
                module.start(node),
                f"{module.code(node)} divides integers exactly since torch 1.6; it cut before",
                "// where it is an index (--unsafe-fixes writes that); leave it where the fraction is wanted",
            )


def _may_divide(ctx) -> bool:
    """Whether something made of indices may be divided: what ``fix`` looks for, whatever else it asks."""
    every = ctx.syntax
    if every is None or not ctx.outline.renamed.isdisjoint(_WORDS):
        return True
    divided = [
        n.left for n in every
        if type(n) is ast.BinOp and type(n.op) is ast.Div and type(n.left) in (ast.Name, ast.Call, ast.Subscript, ast.Attribute)
        and not (type(n.right) is ast.Constant and type(n.right.value) is float)
    ]  # fmt: skip
    if not divided:
        return False
    of_indices = Derived(every, _may_be_indices)
    return any(each in of_indices for each in divided)


def _may_be_indices(node: ast.AST) -> bool:
    """``x.topk(k)``, ``torch.max(x, 1)``: a call whose result, or a part of it, may be indices."""
    name = called_name(node)
    if name not in _CALLS or name in _WORDS:
        return name in _WORDS
    assert isinstance(node, ast.Call)
    return any(k.arg == "dim" for k in node.keywords) or any(isinstance(a, ast.Constant | ast.UnaryOp) for a in node.args)


def _slashes(module, operator) -> str:
    return module.code(operator).replace("/", "//")


def _stays_index(module, node) -> bool:
    """Whether the quotient is not turned into a float, or multiplied, next to it."""
    above = module.parent(node)
    if isinstance(above, cst.Attribute):
        return above.attr.value not in ("float", "double", "half")
    return not isinstance(above, cst.BinaryOperation)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_WORDS), language="python", removed_in="1.5")
