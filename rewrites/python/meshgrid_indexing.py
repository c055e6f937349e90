"""Give ``torch.meshgrid`` its ``indexing``.

Without it every call warns since torch 1.10, and a later release will ask for it; ``"ij"`` is what the call does today.

Before:
    import torch
    y, x = torch.meshgrid(rows, columns)
After:
    import torch
    y, x = torch.meshgrid(rows, columns, indexing="ij")
"""

from __future__ import annotations

from migrator.python import add_argument, argument
from migrator.releases import parse
from migrator.rewrite import Change, Rewrite, settings_floor

ID = "meshgrid-indexing"
_NAMES = {"torch.meshgrid", "torch.functional.meshgrid"}


def fix(ctx):
    module = ctx.module if settings_floor(ctx) >= parse("1.10") and ctx.may_use(_NAMES) else None
    if module is None:
        return
    for call, _ in module.names.calls(_NAMES):
        if not call.args or argument(call, "indexing") is not None or any(a.star == "**" for a in call.args):
            continue
        edit = add_argument(module, call, 'indexing="ij"')
        if edit is not None:
            yield Change(ID, (edit,))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"meshgrid"}), language="python", deprecated_in="1.10")
