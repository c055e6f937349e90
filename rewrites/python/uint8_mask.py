"""Mask with bool tensors.

A ``uint8`` mask makes ``masked_fill``, ``masked_select`` and ``x[mask] = y`` raise on torch 2.15, and ``x[mask]`` warn (since 1.2, which
brought bool tensors). Where the source says that the mask is ``uint8`` it becomes a bool tensor as it is used: zero is False. ``~mask`` of
a ``uint8`` tensor is 254 or 255 since 1.2: it is reported.

Before:
    import torch
    x.masked_fill_(padding.byte(), 0)
    seen = torch.zeros(9, dtype=torch.uint8)
    x = x.masked_select(seen)
After:
    import torch
    x.masked_fill_(padding.byte().bool(), 0)
    seen = torch.zeros(9, dtype=torch.uint8)
    x = x.masked_select(seen.bool())
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import argument, cst
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor
from rewrites.python._tensor import Tensors

ID = "uint8-mask"
_BYTES = {"torch.uint8", "torch.ByteTensor", "torch.cuda.ByteTensor"}
_METHODS = ("masked_fill", "masked_fill_", "masked_select", "masked_scatter", "masked_scatter_")


def fix(ctx):
    may_be = settings_floor(ctx) >= parse("1.2") and ctx.has("torch") and (ctx.may_call_method("byte") or ctx.may_use(_BYTES))
    module = ctx.module if may_be else None
    if module is None:
        return
    tensors = Tensors(module)
    for mask, base in _masks(module):
        kind = tensors.kind(mask)
        if kind is None or kind.dtype != "uint8" or module.names.guarded(mask):
            continue
        if base is not None and tensors.kind(base) is None:
            yield Finding(
                ID,
                module.start(mask),
                f"{module.code(mask)} is a uint8 mask; x[mask] = y raises on torch 2.15, and x[mask] warns",
                f"{module.code(mask)}.bool(), unless what it indexes is a NumPy array",
            )
            continue
        node, text = _as_bool(module, tensors, mask)
        yield Change(ID, (module.replace(node, text),))
    for node in module.find(cst.UnaryOperation):
        if isinstance(node.operator, cst.BitInvert):
            kind = tensors.kind(node.expression)
            if kind is not None and kind.dtype == "uint8" and not module.names.guarded(node):
                yield Finding(
                    ID,
                    module.start(node),
                    f"{module.code(node)} is 254 or 255 since torch 1.2, never 0",
                    f"~{module.code(node.expression)}.bool()",
                )


def _masks(module) -> Iterator[tuple[cst.CSTNode, cst.CSTNode | None]]:
    """What stands where a mask is wanted, and what it indexes (None: a tensor for certain)."""
    for call in module.names.method_calls(*_METHODS):
        mask = argument(call, "mask", 0)
        if mask is not None:
            yield mask, None
    for call, _ in module.names.calls({f"torch.{name}" for name in ("masked_fill", "masked_select", "masked_scatter")}):
        mask = argument(call, "mask", 1)
        if mask is not None:
            yield mask, None
    for call, _ in module.names.calls({"torch.where"}):
        mask = argument(call, "condition", 0)
        if mask is not None:
            yield mask, None
    for node in module.find(cst.Subscript):
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                yield element.slice.value, node.value


def _as_bool(module, tensors: Tensors, mask: cst.CSTNode) -> tuple[cst.CSTNode, str]:
    """What is replaced, and by what. ``.byte()`` goes where it is called on a bool tensor: of 0.5 it makes 0, and ``.bool()`` True."""
    if isinstance(mask, cst.Call) and isinstance(mask.func, cst.Attribute) and mask.func.attr.value == "byte" and not mask.args:
        inner = tensors.kind(mask.func.value)
        if inner is not None and inner.dtype == "bool":
            return mask.func.attr, "bool"
    code = module.code(mask)
    if not isinstance(mask, cst.Name | cst.Attribute | cst.Call | cst.Subscript) and not mask.lpar:
        code = f"({code})"
    return mask, f"{code}.bool()"


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"byte", "uint8", "ByteTensor"}), language="python", removed_in="1.2")
