"""Tell ``grid_sample`` and ``affine_grid`` whether corners are aligned.

Without ``align_corners`` both aligned the corners up to torch 1.2, and do not since 1.3 (pytorch/pytorch#24929): the same model gives other
results, and a warning. Only the author knows which of them the code was written for, so that it is reported. With ``--unsafe-fixes`` the
calls get ``align_corners=True``: unsafe, as it changes what code that was written for torch 1.3 or newer does.

Before:
    import torch.nn.functional as F
    warped = F.grid_sample(x, grid)
After:
    import torch.nn.functional as F
    warped = F.grid_sample(x, grid)
"""

from __future__ import annotations

from migrator.python import add_argument, argument
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "grid-sample-align-corners"
_PLACES = {"torch.nn.functional.grid_sample": 4, "torch.nn.functional.affine_grid": 2}  # of align_corners


def fix(ctx):
    module = ctx.module if ctx.may_use(_PLACES) else None
    if module is None:
        return
    for call, name in module.names.calls(_PLACES):
        if argument(call, "align_corners", _PLACES[name]) is not None or any(a.star for a in call.args):
            continue
        edit = add_argument(module, call, "align_corners=True")
        if ctx.settings.unsafe and edit is not None and settings_floor(ctx) >= parse("1.3"):
            yield Change(ID, (edit,), note="as torch did up to 1.2; align_corners=False where the code was written for a newer one")
        else:
            yield Finding(
                ID,
                module.start(call),
                f"{name.rpartition('.')[2]} aligns the corners no more since torch 1.3",
                "align_corners=True where this was written, or its weights trained, for torch 1.2 or older (--unsafe-fixes writes that); "
                "align_corners=False elsewhere",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(n.rsplit(".", 1)[-1] for n in _PLACES), language="python", removed_in="1.3")
