"""Give ``value``, ``alpha`` and ``beta`` by name, behind the tensors.

``x.addcmul_(value, a, b)``, ``x.add_(alpha, y)``, ``x.addmm_(beta, alpha, a, b)`` and their like are deprecated since torch 1.5; the first
use of one in a process warns. The product and the sum are the same ones.

Before:
    import torch
    square.mul_(beta2).addcmul_(1 - beta2, grad, grad)
    p.data.add_(-lr, update)
After:
    import torch
    square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    p.data.add_(update, alpha=-lr)
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import cst, plain_arguments
from migrator.rewrite import Change, Edit, Rewrite

ID = "positional-scalar"
_MATRIX = ("addmm", "addbmm", "baddbmm", "addmv", "addr")
# methods: number of positional arguments -> names of the scalars, which come first
_METHODS: dict[str, dict[int, tuple[str, ...]]] = {
    "add_": {2: ("alpha",)},
    "sub_": {2: ("alpha",)},
    "addcmul_": {3: ("value",)},
    "addcdiv_": {3: ("value",)},
    "addcmul": {3: ("value",)},
    "addcdiv": {3: ("value",)},
    **{f"{name}_": {3: ("beta",), 4: ("beta", "alpha")} for name in _MATRIX},
}
# functions: where the scalars stand among the positional arguments
_FUNCTIONS: dict[str, dict[int, dict[int, str]]] = {
    "torch.add": {3: {1: "alpha"}},
    "torch.sub": {3: {1: "alpha"}},
    "torch.addcmul": {4: {1: "value"}},
    "torch.addcdiv": {4: {1: "value"}},
    **{f"torch.{name}": {5: {0: "beta", 2: "alpha"}} for name in _MATRIX},
}


def fix(ctx):
    module = ctx.module if ctx.has("torch") and (ctx.may_call_method(*_METHODS) or ctx.may_use(_FUNCTIONS)) else None
    if module is None:
        return
    for name, forms in _METHODS.items():
        for call in module.names.method_calls(name):
            given = plain_arguments(call)
            scalars = forms.get(len(given)) if given is not None else None
            if scalars and not {a.keyword.value for a in call.args if a.keyword is not None} & {"alpha", "beta", "value", "out_dtype"}:
                yield from _moved(module, call, dict(enumerate(scalars)))
    for call, name in module.names.calls(_FUNCTIONS):
        given = plain_arguments(call)
        places = _FUNCTIONS[name].get(len(given)) if given is not None else None
        if places:
            yield from _moved(module, call, places)


def _moved(module, call: cst.Call, places: dict[int, str]) -> Iterator[Change]:
    """The scalars at some places go behind the last positional argument, with their names."""
    args = [a for a in call.args if a.keyword is None]
    if (
        any(isinstance(args[i].value, cst.BaseString | cst.BaseList | cst.BaseDict | cst.BaseSet | cst.Tuple | cst.Lambda) for i in places)
        or b"#" in module.data[slice(*module.span(call))]
    ):
        return
    edits = []
    for i in places:
        start = module.outer_span(args[i].value)[0]
        edits.append(Edit(start, module.outer_span(args[i + 1].value)[0], b""))
    named = "".join(f", {name}={module.code(args[i].value)}" for i, name in places.items())
    edits.append(module.insert(module.outer_span(args[-1].value)[1], named))
    yield Change(ID, tuple(_joined(edits)))


def _joined(edits: list[Edit]) -> list[Edit]:
    """Neighbouring deletions as one."""
    result: list[Edit] = []
    for edit in sorted(edits):
        if result and result[-1].end == edit.start and not result[-1].text and not edit.text and edit.start != edit.end:
            result[-1] = Edit(result[-1].start, edit.end, b"")
        else:
            result.append(edit)
    return result


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({*_METHODS, *(n.split(".")[1] for n in _FUNCTIONS)}), language="python", deprecated_in="1.5"
)
