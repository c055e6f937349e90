"""Read a loss with ``.item()``, not with ``.data[0]``.

A loss has no dimension since torch 0.4, and ``x.data[0]`` raises. The change is made where the source says that ``x`` is one number: what
a loss of torch returns, ``x.sum()``, ``x.mean()``. Elsewhere ``.data[0]`` may well mean the first row: it is reported where the result is
used like a number, and changed with ``--unsafe-fixes``.

Before:
    import torch.nn.functional as F
    loss = F.cross_entropy(x, y)
    total += loss.data[0]
After:
    import torch.nn.functional as F
    loss = F.cross_entropy(x, y)
    total += loss.item()
"""

from __future__ import annotations

from migrator.python import cst
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.python._tensor import Tensors

ID = "scalar-data-index"


def fix(ctx):
    module = ctx.module if ctx.has("torch") and b".data[0" in ctx.file.data.replace(b" ", b"") else None
    if module is None:
        return
    tensors = Tensors(module)
    for leaf in module.names.occurrences("data"):
        attribute = module.parent(leaf)
        node = module.parent(attribute)
        if not (isinstance(attribute, cst.Attribute) and attribute.attr is leaf and _is_first(node, attribute)) or module.names.guarded(
            node
        ):
            continue
        owner = attribute.value
        kind = tensors.kind(owner)
        change = Change(ID, (module.replace_span(module.outer_span(owner)[1], module.outer_span(node)[1], ".item()"),))
        if kind is not None and kind.scalar:
            yield change
        elif _like_a_number(module, node) and not _has_dimensions(owner) and module.qualified(owner) is None:
            if ctx.settings.unsafe:
                yield change
            else:
                yield Finding(
                    ID,
                    module.start(node),
                    f"{module.code(node)} raises if {module.code(owner)} has no dimension, as every loss since torch 0.4",
                    f"{module.code(owner)}.item() (--unsafe-fixes writes that)",
                )


def _is_first(node, attribute) -> bool:
    if not (isinstance(node, cst.Subscript) and node.value is attribute and len(node.slice) == 1):
        return False
    index = node.slice[0].slice
    return isinstance(index, cst.Index) and isinstance(index.value, cst.Integer) and index.value.value == "0"


def _has_dimensions(owner) -> bool:
    """A layer's ``weight`` or ``bias``, or ``data["img"][0]``, the container of a data loader."""
    if isinstance(owner, cst.Attribute):
        return owner.attr.value in ("weight", "bias")
    return isinstance(owner, cst.Subscript) and isinstance(owner.value, cst.Subscript) and _by_text(owner.value)


def _by_text(node: cst.Subscript) -> bool:
    index = node.slice[0].slice if len(node.slice) == 1 else None
    return isinstance(index, cst.Index) and isinstance(index.value, cst.SimpleString)


def _like_a_number(module, node) -> bool:
    """Whether the result is formatted, added up or passed on, rather than indexed, written to or asked for an attribute."""
    parent = module.parent(node)
    if isinstance(parent, cst.Assign):  # a subscript in front is a batch of a data loader: data["img_meta"][0].data[0]
        return isinstance(node.value.value, cst.Name | cst.Attribute)
    call = module.parent(parent) if isinstance(parent, cst.Arg) else None
    if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "isinstance":
        return False  # what a message of protobuf holds: of a tensor it would say nothing
    kinds = cst.Arg | cst.BinaryOperation | cst.AugAssign | cst.Element | cst.FormattedStringExpression | cst.DictElement
    return isinstance(parent, kinds) and getattr(parent, "target", None) is not node


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"data"}), language="python", removed_in="1.0")
