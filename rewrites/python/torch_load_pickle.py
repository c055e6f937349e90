"""Look at what ``torch.load`` reads: it takes tensors only, unless told otherwise.

``weights_only`` is True since torch 2.6. A checkpoint that holds anything but tensors, numbers, strings, lists and dicts (NumPy scalars, an
``argparse.Namespace``, whole models) then fails to load. With ``--unsafe-fixes`` every call gets ``weights_only=False``, as it was: unsafe
because a file that somebody else made can then run code.

Before:
    import torch
    checkpoint = torch.load(path, map_location="cpu")
After:
    import torch
    checkpoint = torch.load(path, map_location="cpu")
"""

from __future__ import annotations

from migrator.python import add_argument, argument
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "torch-load-pickle"


def fix(ctx):
    module = ctx.module if ctx.may_use({"torch.load"}) else None
    if module is None:
        return
    for call, _ in module.names.calls({"torch.load"}):
        if argument(call, "weights_only") is not None or argument(call, "pickle_module", 2) is not None or any(a.star for a in call.args):
            continue
        edit = add_argument(module, call, "weights_only=False")
        if ctx.settings.unsafe and edit is not None and settings_floor(ctx) >= parse("1.13"):
            yield Change(ID, (edit,), note="runs whatever code the file holds: only for files that you trust")
        else:
            yield Finding(
                ID,
                module.start(call),
                "torch.load takes tensors, numbers, strings, lists and dicts only since torch 2.6",
                "weights_only=True says so; weights_only=False where the file holds more and you trust it (--unsafe-fixes writes that)",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"load"}), language="python", removed_in="2.6")
