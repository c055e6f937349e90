"""Read bytes with ``np.frombuffer`` instead of ``np.fromstring``.

Without ``sep`` that is an error in NumPy 2.4 (deprecated since 1.14). ``fromstring`` copied, and its result could be written to:
``.copy()`` keeps both. With ``sep`` it reads numbers from a text, as ever.

Before:
    import numpy as np
    pixels = np.fromstring(data, dtype=np.uint8)
After:
    import numpy as np
    pixels = np.frombuffer(data, dtype=np.uint8).copy()
"""

from __future__ import annotations

from migrator.python import argument, plain_arguments, remove_argument, string_value
from migrator.python_imports import spelled
from migrator.rewrite import Change, Rewrite

ID = "numpy-fromstring"


def fix(ctx):
    module = ctx.module if ctx.may_use({"numpy.fromstring"}) else None
    if module is None:
        return
    for call, _ in module.names.calls({"numpy.fromstring"}):
        given = plain_arguments(call)
        sep = next((a for a in call.args if a.keyword is not None and a.keyword.value == "sep"), None)
        if not given or len(given) > 3 or (sep is not None and string_value(sep.value) != "") or argument(call, "string") is not None:
            continue
        code = spelled(module, call, "numpy.frombuffer")
        if code is None:
            continue
        edits = [module.replace(call.func, code[0]), *code[1], module.insert(module.span(call)[1], ".copy()")]
        yield Change(ID, tuple(edits + (remove_argument(module, call, sep) if sep is not None else [])))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"fromstring"}), language="python", removed_in="2.10")
