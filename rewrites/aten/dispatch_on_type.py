"""Dispatch on ``x.scalar_type()`` instead of ``x.type()``.

Deprecated since torch 1.1 (pytorch/pytorch#17996), removed in 2.6: ``AT_DISPATCH_*`` takes a ``ScalarType``. Dispatch macros of the
project's own that hand the argument on are followed.

Before:
    AT_DISPATCH_FLOATING_TYPES(input.type(), "forward", [&] { launch<scalar_t>(input); });
After:
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "forward", [&] { launch<scalar_t>(input); });
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite
from rewrites.aten._type import is_dispatch, type_calls

ID = "dispatch-on-type"


def fix(ctx):
    for call in type_calls(ctx):
        if call.role in ("dispatch", "scalar_type"):
            yield Change(ID, (Edit(call.name.start, call.name.end, b"scalar_type"),))
    for name in ctx.names({"type"}):  # auto t = x.type(); AT_DISPATCH_...(t, ...)
        if name.kind != "field_identifier":
            continue
        call = call_of(name)
        declarator = call.node.parent if call is not None else None
        if declarator is None or declarator.kind != "init_declarator":
            continue
        declaration = declarator.parent
        variable = declarator.field_child("declarator")
        while variable is not None and variable.kind != "identifier":
            variable = variable.field_child("declarator") or (variable.named[-1] if variable.named else None)
        scope = declaration.parent if declaration is not None else None
        if variable is None or scope is None:
            continue
        for use in ctx.names({variable.text}):
            if not (declaration.end <= use.start < scope.end) or use.parent is None or use.parent.kind != "argument_list":
                continue
            index = next((i for i, n in enumerate(use.parent.named) if n.start == use.start), -1)
            if is_dispatch(ctx, use.parent.parent, index):
                yield Change(ID, (Edit(use.end, use.end, b".scalarType()"),))


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"type"}),
    removed_in="2.6",
    deprecated_in="1.1",
    cross_file=True,
    link="https://github.com/pytorch/pytorch/pull/17996",
)
