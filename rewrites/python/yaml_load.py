"""Tell ``yaml.load`` its loader.

PyYAML 6, which came before torch 1.11, asks for one. ``FullLoader`` is what 5.1 took without, and makes no objects of Python's; what was
written for older releases and needs those is told ``yaml.UnsafeLoader``.

Before:
    import yaml
    with open(path) as f:
        config = yaml.load(f)
After:
    import yaml
    with open(path) as f:
        config = yaml.load(f, Loader=yaml.FullLoader)
"""

from __future__ import annotations

from migrator.python import add_argument, argument
from migrator.python_imports import spelled
from migrator.rewrite import Change, Rewrite

ID = "yaml-load"


def fix(ctx):
    names = {"yaml.load", "yaml.load_all"}
    module = ctx.module if ctx.may_use(names) else None
    if module is None:
        return
    for call, _ in module.names.calls(names):
        if not call.args or argument(call, "Loader", 1) is not None or any(a.star for a in call.args):
            continue
        loader = spelled(module, call, "yaml.FullLoader")
        edit = add_argument(module, call, f"Loader={loader[0]}") if loader is not None else None
        if edit is not None:
            yield Change(ID, (edit, *loader[1]))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"yaml"}), language="python", removed_in="1.11")
