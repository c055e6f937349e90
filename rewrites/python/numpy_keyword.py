"""Give NumPy's functions their arguments by the names of today.

NumPy 2.4 has no ``newshape=`` of ``reshape`` (deprecated in 2.1), which was its second argument, and no ``interpolation=`` of
``percentile`` and ``quantile``, which is ``method`` since 1.22.

Before:
    import numpy as np
    x = np.reshape(x, newshape=(-1, 4))
    top = np.percentile(x, 99, interpolation="nearest")
After:
    import numpy as np
    x = np.reshape(x, (-1, 4))
    top = np.percentile(x, 99, method="nearest")
"""

from __future__ import annotations

from migrator.python import argument_node, cst
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "numpy-keyword"
_QUANTILES = {f"numpy.{name}" for name in ("percentile", "quantile", "nanpercentile", "nanquantile")}


def fix(ctx):
    module = ctx.module if ctx.may_give("newshape", "interpolation") and ctx.may_use({"numpy.reshape", *_QUANTILES}) else None
    if module is None:
        return
    for call, name in module.names.calls({"numpy.reshape", *_QUANTILES}):
        given = argument_node(call, "newshape" if name == "numpy.reshape" else "interpolation")
        if given is None or given.keyword is None:
            continue
        if name != "numpy.reshape":
            yield Change(ID, (module.replace(given.keyword, "method"),))
        elif _is_second(call, given):
            start = module.start(given.keyword)
            yield Change(ID, (Edit(start, module.outer_span(given.value)[0], b""),))
        else:
            yield Finding(ID, module.start(given), "NumPy 2.4 has no newshape", "give it as the second argument, without a name")


def _is_second(call: cst.Call, given: cst.Arg) -> bool:
    return len(call.args) > 1 and call.args[1] is given and call.args[0].keyword is None and not call.args[0].star


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"newshape", "interpolation"}), language="python", removed_in="2.10")
