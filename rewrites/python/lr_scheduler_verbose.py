"""Take ``verbose`` from learning rate schedulers.

They take it no more since torch 2.7 (deprecated in 2.2). What it printed, ``scheduler.get_last_lr()`` tells.

Before:
    from torch.optim import lr_scheduler
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, "min", patience=3, verbose=True)
After:
    from torch.optim import lr_scheduler
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, "min", patience=3)
"""

from __future__ import annotations

from migrator.python import argument_node, boolean, remove_argument
from migrator.rewrite import Change, Rewrite

ID = "lr-scheduler-verbose"
_NAMES = (
    *("LambdaLR", "MultiplicativeLR", "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "SequentialLR", "PolynomialLR"),
    *("CosineAnnealingLR", "ChainedScheduler", "ReduceLROnPlateau", "CyclicLR", "CosineAnnealingWarmRestarts", "OneCycleLR"),
)
_CALLED = {f"torch.optim.lr_scheduler.{name}" for name in _NAMES}


def fix(ctx):
    module = ctx.module if ctx.has(*_NAMES) else None
    if module is None:
        return
    for call, _ in module.names.calls(_CALLED):
        given = argument_node(call, "verbose")
        if given is None:
            continue
        note = "" if boolean(given.value) is False else "no longer prints the learning rate: print(scheduler.get_last_lr()) after step()"
        yield Change(ID, tuple(remove_argument(module, call, given)), note=note)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"verbose"}), language="python", removed_in="2.7")
