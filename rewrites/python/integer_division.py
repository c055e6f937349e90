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

import re

from migrator.python import cst, without_texts
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.python._tensor import Tensors

ID = "integer-division"
_DIVISION = re.compile(rb"[\w)\]]\s*/\s*[\w(]")  # without one there is nothing to parse the file for
_WORDS = {"topk", "sort", "argsort", "argmax", "argmin", "nonzero", "randperm", "long"}


def fix(ctx):
    module = ctx.module if ctx.has("torch") and _DIVISION.search(ctx.file.data) and _DIVISION.search(without_texts(ctx.file.data)) else None
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


def _slashes(module, operator) -> str:
    return module.code(operator).replace("/", "//")


def _stays_index(module, node) -> bool:
    """Whether the quotient is not turned into a float, or multiplied, next to it."""
    above = module.parent(node)
    if isinstance(above, cst.Attribute):
        return above.attr.value not in ("float", "double", "half")
    return not isinstance(above, cst.BinaryOperation)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_WORDS), language="python", removed_in="1.5")
