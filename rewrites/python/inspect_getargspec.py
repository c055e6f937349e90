"""Ask ``inspect.getfullargspec`` for the parameters of a function.

``inspect.getargspec`` is gone since Python 3.11, for which torch is built since 2.0. The four things it returned are the first four of what
the new one returns; the third is named ``varkw`` there.

Before:
    import inspect
    names = inspect.getargspec(f).args
    args, varargs, keywords, defaults = inspect.getargspec(f)
After:
    import inspect
    names = inspect.getfullargspec(f).args
    args, varargs, keywords, defaults = inspect.getfullargspec(f)[:4]
"""

from __future__ import annotations

from migrator.python import cst
from migrator.python_imports import spelled
from migrator.rewrite import Change, Finding, Rewrite

ID = "inspect-getargspec"
_NAME = "inspect.getargspec"
_SAME = ("args", "varargs", "defaults")


def fix(ctx):
    module = ctx.module if ctx.may_use({_NAME}) else None
    if module is None:
        return
    for call, _ in module.names.calls({_NAME}):
        tail = _tail(module, call)
        code = spelled(module, call, "inspect.getfullargspec") if tail is not None else None
        if tail is None or code is None:
            yield Finding(
                ID, module.start(call), "inspect.getargspec is gone since Python 3.11", "inspect.getfullargspec: .keywords is .varkw there"
            )
        else:
            end = module.outer_span(call)[1]
            yield Change(ID, (module.replace(call.func, code[0]), *([module.insert(end, tail)] if tail else ()), *code[1]))


def _tail(module, call: cst.Call) -> str | None:
    """What the new call wants behind it, so that the code around finds what it did; None where that cannot be told."""
    above = module.parent(call)
    if isinstance(above, cst.Attribute):
        return "" if above.attr.value in _SAME else None
    if isinstance(above, cst.Subscript) and len(above.slice) == 1 and isinstance(above.slice[0].slice, cst.Index):
        return "" if isinstance(above.slice[0].slice.value, cst.Integer) else None
    if not isinstance(above, cst.Assign) or len(above.targets) != 1:
        return None
    target = above.targets[0].target
    if isinstance(target, cst.Tuple | cst.List):
        return "[:4]"
    if not isinstance(target, cst.Name) or len(module.names.bindings_at(target.value, target)[1]) != 1:
        return None
    uses = [n for n in module.names.occurrences(target.value) if n is not target and module.names.is_use(n)]
    parents = [module.parent(n) for n in uses]
    return "" if all(isinstance(p, cst.Attribute) and p.attr.value in _SAME for p in parents) else None


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"getargspec"}), language="python", removed_in="2.0")
