"""Take pointers with ``data_ptr<T>()`` instead of ``data<T>()``.

Deprecated since torch 1.3. Only on what is, or may be, a tensor: ``sizes().data()``, Paddle's tensors and the
project's own types are left alone. ``long`` becomes ``int64_t``, which it is on Linux only.

Before:
    launch(x.data<float>(), y.contiguous().data<scalar_t>());
After:
    launch(x.data_ptr<float>(), y.contiguous().data_ptr<scalar_t>());
"""

from migrator.rewrite import Case, Rewrite

ID = "tensor-data"
_STORAGE = ("storage", "packed_accessor", "sizes", "strides")


def _is_tensor(match, ctx):
    if b"paddle" in ctx.file.words or b"PD_BUILD_OP" in ctx.file.words:
        return False
    receiver = match["$x"]
    node = receiver
    while node.kind == "parenthesized_expression" and node.named:
        node = node.named[0]
    if node.kind == "call_expression":
        function = node.field_child("function")
        member = function.field_child("field") if function is not None and function.kind == "field_expression" else None
        if member is not None and member.text in _STORAGE:
            return False
    type = ctx.type_of(node)
    if type is None or type.base == "auto" or type.template:
        return True
    return type.is_tensor


rewrite = Rewrite(
    ID,
    __doc__,
    cases=(Case("$x.data<$T>()", "$x.data_ptr<$T>()", (), _is_tensor, since="1.3"),),
    deprecated_in="1.3",

)
