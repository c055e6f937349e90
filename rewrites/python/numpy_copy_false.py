"""Write ``np.asarray(x)`` where ``np.array(x, copy=False)`` meant "copy only if needed".

NumPy 2, which torch is built for since 2.3, raises where a copy is needed; ``np.asarray`` is what its message says to write, and the same
in NumPy 1.

Before:
    import numpy as np
    mask = np.array(image, dtype=np.uint8, copy=False)
After:
    import numpy as np
    mask = np.asarray(image, dtype=np.uint8)
"""

from __future__ import annotations

from migrator.python import argument_node, boolean, remove_argument
from migrator.python_imports import spelled
from migrator.rewrite import Change, Rewrite

ID = "numpy-copy-false"
_TAKEN = {"object", "dtype", "order", "copy"}  # what both take; not subok, ndmin


def fix(ctx):
    module = ctx.module if ctx.may_give("copy") and ctx.may_use({"numpy.array"}) else None
    if module is None:
        return
    for call, _ in module.names.calls({"numpy.array"}):
        given = argument_node(call, "copy")
        keywords = {a.keyword.value for a in call.args if a.keyword is not None}
        if given is None or boolean(given.value) is not False or not keywords <= _TAKEN or any(a.star for a in call.args):
            continue
        if sum(a.keyword is None for a in call.args) > 2 or "object" in keywords:
            continue
        code = spelled(module, call, "numpy.asarray")
        if code is not None:
            yield Change(ID, (module.replace(call.func, code[0]), *remove_argument(module, call, given), *code[1]))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"numpy"}), language="python", removed_in="2.3")
