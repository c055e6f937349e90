"""Mask with ``bool``, not with bytes.

Masks of bytes are deprecated since torch 1.2, which brought tensors of ``bool``; with 2.15 ``masked_select``, ``masked_fill`` and
``masked_scatter`` throw on them ("only supports boolean masks"). Where the mask certainly has bytes it is converted; what is not zero
counts, as before.

Before:
    auto mask = (x > 0).to(at::kByte);
    auto kept = x.masked_select(mask);
After:
    auto mask = (x > 0).to(at::kByte);
    auto kept = x.masked_select(mask.to(at::kBool));
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite, settings_floor
from rewrites.aten._elements import comes_from, is_tensor

ID = "byte-mask"
_MASKED = frozenset({"masked_select", "masked_fill", "masked_fill_", "masked_scatter", "masked_scatter_"})
_OUT = frozenset({"masked_select_out", "masked_fill_out", "masked_scatter_out"})  # the result comes before the tensor and its mask
_BYTE = frozenset(f"{space}::{name}" for space in ("at", "torch", "c10") for name in ("kByte", "kUInt8", "ScalarType::Byte"))
_CONVERT = frozenset({"to", "toType"})
_FACTORIES = frozenset({"zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "tensor"})


def _names_byte(node) -> bool:
    return any("".join(n.text.split()) in _BYTE for n in node.walk() if n.kind == "qualified_identifier")


def _has_bytes(ctx, node) -> bool:
    """Whether a call makes a tensor of bytes: a conversion, or a factory whose options say so."""
    function = node.field_child("function") if node.kind == "call_expression" else None
    arguments = node.field_child("arguments") if function is not None else None
    if arguments is None or not arguments.named:
        return False
    if function.kind == "field_expression":
        return function.field_child("field").text in _CONVERT and _names_byte(arguments)
    space, _, name = "".join(function.text.split()).removeprefix("::").rpartition("::")
    return space in ("at", "torch") and name in _FACTORIES and _names_byte(arguments.named[-1])


def fix(ctx):
    if settings_floor(ctx) < (1, 2):
        return
    for name in ctx.names(_MASKED | _OUT):
        call = call_of(name)
        if call is None or not call.args:
            continue
        if call.callee.kind == "field_expression":
            mask = call.args[0] if is_tensor(ctx, call.callee.field_child("argument")) else None
        else:
            position = 2 if name.text in _OUT else 1
            known = call.qualified.removeprefix("::") in (f"at::{name.text}", f"torch::{name.text}") and len(call.args) > position
            mask = call.args[position] if known else None
        if mask is not None and comes_from(ctx, mask, _has_bytes):
            yield Change(ID, (Edit(mask.end, mask.end, b".to(at::kBool)"),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_MASKED | _OUT, deprecated_in="1.2", removed_in="2.15")
