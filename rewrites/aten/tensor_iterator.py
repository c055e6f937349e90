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
from migrator.scope import declarator_name
from rewrites.aten.renamed import qualified

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


def _is_given_operands(ctx, variable) -> bool:
    for leaf in ctx.names({variable.text}):
        member = leaf.parent.field_child("field") if leaf.parent is not None and leaf.parent.kind == "field_expression" else None
        if member is not None and leaf.field == "argument" and member.text in ("add_output", "add_input"):
            return True
    return False


def _empty(ctx):
    """``at::TensorIterator iter;`` and ``auto iter = at::TensorIterator();``."""
    for name in ctx.names({"TensorIterator"}):
        declaration = name.enclosing("declaration")
        if declaration is None or qualified(name) not in ("at::TensorIterator", "TensorIterator"):
            continue
        variables = [declarator_name(c)[0] for c in declaration.children if c.field == "declarator"]
        if len(variables) == 1 and variables[0] is not None and _is_given_operands(ctx, variables[0]):
            yield Finding(ID, name.start, "an empty TensorIterator takes no operands since torch 1.6", _CONFIG)


def fix(ctx):
    if ctx.project.macros("TensorIterator"):
        return
    yield from _flags(ctx)
    if not ctx.file.words.isdisjoint({b"add_output", b"add_input"}):
        yield from _empty(ctx)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"TensorIterator"}), removed_in="1.7")
