"""Look at what ``torch.load`` reads: it takes tensors only, unless told otherwise.

``weights_only`` is True since torch 2.6. A checkpoint that holds anything but tensors, numbers, strings, lists and dicts (NumPy scalars, an
``argparse.Namespace``, whole models) then fails to load. Where what was loaded is used as a model, every call is reported; the others,
of which the source does not say what the file holds, are reported together, once for the project. What goes straight into
``load_state_dict`` holds tensors, and is not reported. With ``--unsafe-fixes`` every call gets ``weights_only=False``, as it was: unsafe
because a file that somebody else made can then run code.

Before:
    import torch
    checkpoint = torch.load(path, map_location="cpu")
After:
    import torch
    checkpoint = torch.load(path, map_location="cpu")
"""

from __future__ import annotations

from migrator.python import add_argument, argument, cst
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor
from migrator.source import language_of

ID = "torch-load-pickle"
_NAME = "torch.load"
_OF_MODULES = frozenset(
    "eval train state_dict load_state_dict parameters named_parameters modules named_modules children named_children forward "
    "zero_grad".split()
)
_ADVICE = (
    "weights_only=False where the file holds more and you trust it (--unsafe-fixes writes that); "
    "weights_only=True says so where it does not"
)


def fix(ctx):
    if not ctx.may_use({_NAME}):
        return
    models, unsure_here = _read(ctx.project, ctx.path)
    if not ctx.settings.unsafe and not models and (not unsure_here or _others(ctx) is None):
        return
    module = ctx.module
    if module is None:
        return
    unsure = []
    for call in _calls(module):
        edit = add_argument(module, call, "weights_only=False")
        if ctx.settings.unsafe and edit is not None and settings_floor(ctx) >= parse("1.13"):
            yield Change(ID, (edit,), note="runs whatever code the file holds: only for files that you trust")
        elif _is_model(module, call):
            message = "this file holds a whole model, which torch.load refuses since torch 2.6 unless weights_only=False"
            yield Finding(ID, module.start(call), message, "weights_only=False where you trust the file (--unsafe-fixes writes that)")
        elif not _is_state(module, call):
            unsure.append(call)
    if unsure and not ctx.settings.ignores_in(ctx.path, ID):
        others = _others(ctx)
        if others is not None:
            yield Finding(ID, module.start(unsure[0]), "torch.load takes tensors, numbers, strings, lists and dicts only since torch 2.6"
                          + _also(module, unsure[1:], others), _ADVICE)  # fmt: skip


def _calls(module):
    """The calls of torch.load that do not say how to read."""
    for call, _ in module.names.calls({_NAME}):
        if argument(call, "weights_only") is None and argument(call, "pickle_module", 2) is None and not any(a.star for a in call.args):
            yield call


def _is_model(module, call) -> bool:
    """Whether what was loaded is used as a module: it is called, or has a method of modules called."""
    if _is_module_use(module, call):
        return True
    target = module.parent(call)
    if not isinstance(target, cst.Assign) or len(target.targets) != 1 or not isinstance(target.targets[0].target, cst.Name):
        return False
    name = target.targets[0].target
    scope, bound = module.names.bindings_at(name.value, name)
    return len(bound) == 1 and any(
        module.names.is_use(use) and module.names.bindings_at(name.value, use)[0] is scope and _is_module_use(module, use)
        for use in module.names.occurrences(name.value) if use is not name
    )  # fmt: skip


def _is_module_use(module, node) -> bool:
    above = module.parent(node)
    if isinstance(above, cst.Call):
        return above.func is node
    if isinstance(above, cst.Attribute) and above.value is node and above.attr.value in _OF_MODULES:
        outer = module.parent(above)
        return isinstance(outer, cst.Call) and outer.func is above
    return False


def _is_state(module, call) -> bool:
    """Whether what was loaded goes straight into ``load_state_dict``."""
    arg = module.parent(call)
    above = module.parent(arg) if isinstance(arg, cst.Arg) else None
    return isinstance(above, cst.Call) and isinstance(above.func, cst.Attribute) and above.func.attr.value == "load_state_dict"


def _others(ctx) -> int | None:
    """How many more files have calls of which nobody knows what they read; None where a file before this one has."""
    project = ctx.project
    found = project.cached(ID, lambda: [p for p in sorted(project.scripts) if not ctx.settings.ignores_in(p, ID) and _read(project, p)[1]])
    return len(found) - 1 if found and found[0] == ctx.path else None


def _read(project, path) -> tuple[bool, bool]:
    """Whether a file reads whole models with torch.load, and whether it reads what nobody knows."""
    return project.kept(path, ID, lambda: _look(project, path))


def _look(project, path) -> tuple[bool, bool]:
    if language_of(path) != "python" or not {b"torch", b"load"} <= project.scripts[path].words:
        return False, False
    outline = project.outline(path)
    module = project.module(path) if outline is None or outline.mentions({_NAME}) else None
    calls = [call for call in _calls(module) if not _is_model(module, call)] if module is not None else []
    models = module is not None and len(calls) < len(list(_calls(module)))
    return models, any(not _is_state(module, call) for call in calls)


def _also(module, calls, others: int) -> str:
    lines = ", ".join(str(module.file.shown_line(module.start(call))) for call in calls[:8]) + (" ..." if len(calls) > 8 else "")
    parts = [f"line{'s' if len(calls) > 1 else ''} {lines}"] if calls else []
    parts += [f"{others} other file{'s' if others > 1 else ''}"] if others else []
    return f" (also in {' and in '.join(parts)})" if parts else ""


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"load"}), language="python", removed_in="2.6")
