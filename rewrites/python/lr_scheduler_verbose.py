"""Take ``verbose`` from learning rate schedulers.

They take it no more since torch 2.7 (pytorch/pytorch#147301; deprecated in 2.2), nor does the base class that a scheduler of one's own
calls. What it printed, ``scheduler.get_last_lr()`` tells.

Before:
    from torch.optim import lr_scheduler
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, "min", patience=3, verbose=True)
After:
    from torch.optim import lr_scheduler
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, "min", patience=3)
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import argument_node, boolean, cst, remove_argument
from migrator.rewrite import Change, Rewrite

ID = "lr-scheduler-verbose"
_HOME = "torch.optim.lr_scheduler"
_PLACES = {  # class -> the place of verbose, the last one, among the positional arguments
    **{"LRScheduler": 2, "_LRScheduler": 2, "LambdaLR": 3, "MultiplicativeLR": 3, "StepLR": 4, "MultiStepLR": 4, "ConstantLR": 4},
    **{"LinearLR": 5, "ExponentialLR": 3, "SequentialLR": 4, "PolynomialLR": 4, "CosineAnnealingLR": 4, "ChainedScheduler": 2},
    **{"ReduceLROnPlateau": 9, "CyclicLR": 13, "CosineAnnealingWarmRestarts": 5, "OneCycleLR": 14},
}
_EARLY = 4  # where ReduceLROnPlateau had it in old releases, before the threshold


def fix(ctx) -> Iterator[Change]:
    classes = {f"{_HOME}.{name}": name for name in _PLACES}
    module = ctx.module if ctx.may_use(classes) else None
    if module is None:
        return
    for call, name in module.names.calls(classes):
        yield from _without(module, call, classes[name], 0)
    for node in module.find(cst.ClassDef):
        bases = [classes.get(module.qualified(base.value) or "") for base in node.bases]
        if len(bases) != 1 or bases[0] is None:
            continue
        for call in module.find(cst.Call, under=node.body):
            func = call.func
            if not (isinstance(func, cst.Attribute) and func.attr.value == "__init__") or module.enclosing(call, cst.ClassDef) is not node:
                continue
            if module.names.guarded(call):
                continue
            if isinstance(func.value, cst.Call) and module.names.builtin(func.value.func, "super"):
                yield from _without(module, call, bases[0], 0)
            elif module.qualified(func.value) in classes:
                yield from _without(module, call, bases[0], 1)  # self comes first


def _without(module, call: cst.Call, name: str, shift: int) -> Iterator[Change]:
    given = argument_node(call, "verbose", _PLACES[name] + shift)
    if given is None and name == "ReduceLROnPlateau":
        early = argument_node(call, "", _EARLY + shift)
        given = early if early is not None and boolean(early.value) is not None else None
    if given is not None and not given.star:
        note = "" if boolean(given.value) is False else "no longer prints the learning rate: print(scheduler.get_last_lr()) after step()"
        yield Change(ID, tuple(remove_argument(module, call, given)), note=note)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({*_PLACES}), language="python", removed_in="2.7")
