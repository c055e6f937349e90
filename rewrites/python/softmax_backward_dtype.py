"""Give ``torch._softmax_backward_data`` the type of the input, not the input.

It and ``torch._log_softmax_backward_data`` take a ``torch.dtype`` in the place of the tensor since torch 1.11; the models that call them
(XSoftmax of DeBERTa) give it the output again, which is of the same type.

Before:
    import torch
    grad = torch._softmax_backward_data(grad_output, output, dim, output)
After:
    import torch
    grad = torch._softmax_backward_data(grad_output, output, dim, output.dtype)
"""

from __future__ import annotations

from migrator.python import cst, plain_arguments
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor
from rewrites.python._tensor import Tensors

ID = "softmax-backward-dtype"
_NAMES = {f"torch.{name}" for name in ("_softmax_backward_data", "_log_softmax_backward_data")}


def fix(ctx):
    module = ctx.module if ctx.may_use(_NAMES) else None
    if module is None:
        return
    tensors = Tensors(module)
    for call, name in module.names.calls(_NAMES):
        given = plain_arguments(call)
        if given is None or len(given) != 4 or len(call.args) != 4:
            continue
        output, last = given[1].value, given[3].value
        code = module.code(last)
        if "dtype" in code or code.startswith("torch.") and not isinstance(last, cst.Call):
            continue
        certain = (isinstance(last, cst.Name | cst.Attribute) and code == module.code(output)) or tensors.kind(last) is not None
        if certain and isinstance(last, cst.Name | cst.Attribute | cst.Call | cst.Subscript) and settings_floor(ctx) >= parse("1.11"):
            yield Change(ID, (module.insert(module.span(last)[1], ".dtype"),))
        else:
            yield Finding(ID, module.start(call), f"{name} takes the type of the input since torch 1.11", f"{code}.dtype, if that is a tensor")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(name.removeprefix("torch.") for name in _NAMES), language="python", removed_in="1.11")
