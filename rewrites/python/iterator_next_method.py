"""Call ``next(it)``, not ``it.next()``.

The iterators of a data loader lost the method of Python 2 with torch 1.13.

Before:
    batches = iter(loader)
    images, labels = batches.next()
After:
    batches = iter(loader)
    images, labels = next(batches)
"""

from __future__ import annotations

from migrator.python import cst
from migrator.rewrite import Change, Finding, Rewrite

ID = "iterator-next-method"


def fix(ctx):
    module = ctx.module if ctx.may_call("iter") and ctx.may_call_method("next") else None
    if module is None or module.names.is_bound("next") or module.names.is_bound("iter"):
        return
    for call in module.names.method_calls("next"):
        if call.args:
            continue
        owner = call.func.value
        if _is_iterator(module, owner):
            yield Change(ID, (module.replace(call, f"next({module.code(owner)})"),))
        elif isinstance(owner, cst.Attribute) and module.code(owner) in _iterator_attributes(module):
            yield Finding(
                ID,
                module.start(call),
                f"{module.code(owner)} may be the iterator of a data loader, which has no next() since torch 1.13",
                f"next({module.code(owner)})",
            )


def _is_iter_call(module, node) -> bool:
    return isinstance(node, cst.Call) and module.names.builtin(node.func, "iter") and len(node.args) == 1


def _is_iterator(module, node) -> bool:
    if _is_iter_call(module, node):
        return True
    if not isinstance(node, cst.Name):
        return False
    _, bound = module.names.bindings_at(node.value, node)
    values = [getattr(module.parent(b.node), "value", None) if isinstance(b.node, cst.AssignTarget) else None for b in bound]
    return bool(values) and all(_is_iter_call(module, v) for v in values)


def _iterator_attributes(module) -> set[str]:
    """``self.it`` for every ``self.it = iter(...)`` of the file."""
    return {
        module.code(target.target)
        for assign in module.find(cst.Assign)
        if _is_iter_call(module, assign.value)
        for target in assign.targets
        if isinstance(target.target, cst.Attribute)
    }


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"next"}), language="python", removed_in="1.13")
