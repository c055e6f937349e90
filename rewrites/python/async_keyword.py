"""Say ``non_blocking`` where a copy was told ``async``.

``async`` is a keyword since Python 3.7, so the whole file is a syntax error; torch has the new name since 0.4.

Before:
    images = images.cuda(async=True)
After:
    images = images.cuda(non_blocking=True)
"""

from __future__ import annotations

from migrator.python import cst
from migrator.rewrite import Change, Finding, Rewrite

ID = "async-keyword"
_METHODS = {"cuda", "copy_", "type", "to"}


def fix(ctx):
    module = ctx.module
    for arg in module.find(cst.Arg) if module is not None else ():
        if arg.keyword is None or module.code(arg.keyword) != "async":
            continue
        call = module.parent(arg)
        if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value in _METHODS:
            yield Change(ID, (module.replace(arg.keyword, "non_blocking"),))
        else:
            yield Finding(
                ID, module.start(arg), "async is a keyword since Python 3.7", "give the parameter another name, here and in its def"
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"async"}), language="python", removed_in="1.0")
