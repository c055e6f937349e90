"""Ask ``torch.backends.cuda.is_built()`` instead of ``torch.has_cuda``.

``torch.has_cuda`` warns in the releases of today (seen from 2.5 on) and stands for the same function.

Before:
    import torch
    with_cuda = torch.has_cuda
After:
    import torch
    with_cuda = torch.backends.cuda.is_built()
"""

from __future__ import annotations

from migrator.python import cst
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "torch-has-cuda"


def fix(ctx):
    module = ctx.module
    for node in module.find(cst.Attribute) if module is not None else ():
        if node.attr.value != "has_cuda" or module.qualified(node) != "torch.has_cuda":
            continue
        if settings_floor(ctx) < parse("1.2"):
            yield Finding(
                ID,
                module.start(node),
                "torch.has_cuda is going away",
                "torch.backends.cuda.is_built() exists since torch 1.2; raise --min-torch to it",
            )
        else:
            root = module.code(node.value)
            yield Change(ID, (module.replace(node, f"{root}.backends.cuda.is_built()"),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"has_cuda"}), language="python", deprecated_in="2.5")
