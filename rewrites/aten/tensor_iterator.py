"""Build a ``TensorIterator`` without the flag for overlapping memory, and by ``TensorIteratorConfig``.

``unary_op``, ``binary_op`` and ``comparison_op`` always check the overlap since torch 1.7 and lost the argument that asked for it. An
iterator that was made empty and then given its operands is made by ``at::TensorIteratorConfig`` since 1.6; that one is reported.

Before:
    auto iter = at::TensorIterator::binary_op(out, a, b, /*check_mem_overlap=*/true);
After:
    auto iter = at::TensorIterator::binary_op(out, a, b);
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "tensor-iterator"
_OPERANDS = {"unary_op": 2, "binary_op": 3, "comparison_op": 3}
_CONFIG = (
    "auto iter = at::TensorIteratorConfig().set_check_mem_overlap(...).add_owned_output(out).add_owned_input(a).build(); "
    "dont_compute_common_dtype() is check_all_same_dtype(false) there, dont_resize_outputs() is resize_outputs(false)"
)


def _flags(ctx):
    for name in ctx.names(_OPERANDS):
        call = call_of(name)
        if call is None or not call.qualified.removeprefix("::").removeprefix("at::").startswith("TensorIterator::"):
            continue
        if len(call.args) != _OPERANDS[name.text] + 1:
            continue
        flag, last = call.args[-1], call.args[-2]
        if flag.text == "true":
            yield Change(ID, (Edit(last.end, flag.end, b""),))
        else:
            message = f"TensorIterator::{name.text} takes no flag any more: since torch 1.7 it always refuses overlapping memory"
            yield Finding(ID, name.start, message, _CONFIG)


def _empty(ctx):
    for name in ctx.names({"TensorIterator"}):
        owner = name.parent if name.parent is not None and name.parent.kind == "qualified_identifier" else name
        declaration = owner.parent
        if declaration is None or "".join(owner.text.split()) not in ("at::TensorIterator", "TensorIterator"):
            continue
        made = declaration.kind == "call_expression" and owner.field == "function" and not declaration.field_child("arguments").named
        declarators = [c for c in declaration.children if c.field == "declarator"] if declaration.kind == "declaration" else []
        declared = any(c.kind == "identifier" for c in declarators)
        if (made or declared) and ctx.uses("add_output", "add_input"):
            yield Finding(ID, owner.start, "an empty TensorIterator takes no operands since torch 1.6", _CONFIG)


def fix(ctx):
    if ctx.project.macros("TensorIterator"):
        return
    yield from _flags(ctx)
    yield from _empty(ctx)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"TensorIterator"}), removed_in="1.7")
