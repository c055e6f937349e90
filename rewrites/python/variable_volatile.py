"""Find ``volatile=True``: it keeps no memory free any more.

``volatile`` has no effect since torch 0.4 and warns. What it marked, usually validation, then builds a graph that nobody needs, and may run
out of memory. Where ``torch.no_grad()`` has to stand only the author knows. ``volatile=False`` is taken away.

Before:
    from torch.autograd import Variable
    x = Variable(images, volatile=False)
After:
    from torch.autograd import Variable
    x = Variable(images)
"""

from __future__ import annotations

from migrator.python import argument_node, boolean, cst, remove_argument
from migrator.rewrite import Change, Finding, Rewrite

ID = "variable-volatile"
_ADVICE = "put the forward pass under with torch.no_grad(): and drop volatile"


def fix(ctx):
    module = ctx.module if ctx.has("torch") else None
    if module is None:
        return
    for call, _ in module.names.calls({"torch.autograd.Variable", "torch.autograd.variable.Variable"}):
        given = argument_node(call, "volatile")
        if given is None:
            continue
        if boolean(given.value) is False:
            yield Change(ID, tuple(remove_argument(module, call, given)))
        else:
            yield Finding(ID, module.start(given), "volatile has no effect since torch 0.4: a graph is built here", _ADVICE)
    for leaf in module.names.occurrences("volatile"):
        attribute = module.parent(leaf)
        target = module.parent(attribute) if isinstance(attribute, cst.Attribute) and attribute.attr is leaf else None
        if isinstance(target, cst.AssignTarget) and boolean(getattr(module.parent(target), "value", None)) is not False:
            yield Finding(ID, module.start(attribute), "volatile has no effect since torch 0.4: a graph is built here", _ADVICE)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"volatile"}), language="python", deprecated_in="1.0")
