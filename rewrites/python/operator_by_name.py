"""Take an operator from ``torch.ops.aten``, not by ``torch._C._jit_get_operation``.

That gives a pair since torch 1.12, the operator and the names of its overloads; ``torch.ops.aten`` has the same operator in every release.
The gradient of ``grid_sampler`` takes ``output_mask`` since torch 1.11 (3d: 1.12), and computed both gradients before. Names that are gone
are reported.

Before:
    import torch
    op = torch._C._jit_get_operation("aten::grid_sampler_2d_backward")
    grad_input, grad_grid = op(grad_output, input, grid, 0, 0, False)
After:
    import torch
    op = torch.ops.aten.grid_sampler_2d_backward
    grad_input, grad_grid = op(grad_output, input, grid, 0, 0, False, [True, True])
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import Module, argument, cst, plain_arguments, string_value
from migrator.python_imports import spelled
from migrator.releases import parse
from migrator.rewrite import Change, Edit, Finding, Result, Rewrite, settings_floor

ID = "operator-by-name"
_LOOKUP = "torch._C._jit_get_operation"
_MASKED = {"grid_sampler_2d_backward": "1.11", "grid_sampler_3d_backward": "1.12"}
_WHAT = "torch._C._jit_get_operation gives a pair since torch 1.12, the operator and the names of its overloads"
_CONVOLUTION = "torch.ops.aten.convolution_backward(grad, input, weight, None, stride, padding, dilation, transposed, output_padding, groups, mask), since 1.11"


def fix(ctx) -> Iterator[Result]:
    module = ctx.module if ctx.has("_jit_get_operation", *_MASKED) and ctx.has("torch") else None
    if module is None:
        return
    for call, name in module.names.calls({f"torch.ops.aten.{word}" for word in _MASKED}):
        edit = _mask(module, call, name.rpartition(".")[2], ctx)
        if edit is not None:
            yield Change(ID, (edit,))
    for call, _ in module.names.calls({_LOOKUP}):
        if ctx.settings.target >= (1, 11):
            yield from _looked_up(ctx, module, call)


def _looked_up(ctx, module: Module, call: cst.Call) -> Iterator[Result]:
    variable, uses = _held(module, call)
    if isinstance(module.parent(call), cst.Subscript) or any(_as_pair(module, use) for use in uses) or _is_unpacked(module, call):
        return  # written for the pair, or not seen through
    node = argument(call, "op_name", 0)
    name = string_value(node)
    texts = [string_value(text) or "" for text in module.find(cst.SimpleString, under=node)] if node is not None else []
    words = [text.removeprefix("aten::") for text in texts if text.startswith("aten::")]
    gone = [word for word in words if not _exists(word, ctx.settings.target)]
    if gone:
        advice = _CONVOLUTION if "convolution" in gone[0] else f"`cuport api at::{gone[0]}` says what became of it"
        yield Finding(ID, module.start(call), f"{' and '.join(f'aten::{word}' for word in gone)} {'is' if len(gone) == 1 else 'are'} gone", advice)
        return
    if name is None or not words:
        yield Finding(ID, module.start(call), _WHAT, "torch.ops.aten.name, the operator itself; mind that it may be gone, or take other arguments")
        return
    word = words[0]
    code = spelled(module, call, f"torch.ops.aten.{word}")
    if code is None or (word in _MASKED and settings_floor(ctx) < parse(_MASKED[word])):
        yield Finding(ID, module.start(call), _WHAT, f"torch.ops.aten.{word}")
        return
    edits = [module.replace(call, code[0]), *code[1]]
    calls = [module.parent(use) for use in uses] if variable is not None else [module.parent(call)]
    edits += [edit for made in calls if isinstance(made, cst.Call) and made is not call and (edit := _mask(module, made, word, ctx)) is not None]
    yield Change(ID, tuple(sorted(edits)))


def _exists(word: str, target) -> bool:
    from migrator.api.index import Index

    return Index.load().has(f"at::{word}", target)


def _mask(module: Module, call: cst.Call, word: str, ctx) -> Edit | None:
    """The edit that gives a call of an operator that takes a mask one for both gradients, where it has none."""
    given = plain_arguments(call)
    if word not in _MASKED or given is None or len(given) != 6 or len(call.args) != 6 or settings_floor(ctx) < parse(_MASKED[word]):
        return None
    return module.insert(module.span(call.args[-1].value)[1], ", [True, True]")


def _held(module: Module, call: cst.Call) -> tuple[str | None, list[cst.Name]]:
    """The one name that a call's result is assigned to, and its uses; no name where it is bound elsewhere as well."""
    above = module.parent(call)
    target = above.targets[0].target if isinstance(above, cst.Assign) and len(above.targets) == 1 else None
    if not isinstance(target, cst.Name):
        return None, []
    scope, bound = module.names.bindings_at(target.value, call)
    if len(bound) != 1:
        return None, [n for n in module.names.occurrences(target.value) if n is not target and module.names.is_use(n)]
    return target.value, [
        n
        for n in module.names.occurrences(target.value)
        if n is not target and module.names.is_use(n) and module.names.bindings_at(target.value, n)[0] is scope
    ]


def _as_pair(module: Module, name: cst.Name) -> bool:
    """Whether the result is used as a pair, or asked whether it is one."""
    above = module.parent(name)
    if isinstance(above, cst.Arg):
        call = module.parent(above)
        return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value in ("isinstance", "type", "callable")
    return isinstance(above, cst.Subscript) or isinstance(above, cst.Assign) and not isinstance(above.targets[0].target, cst.Name)


def _is_unpacked(module: Module, call: cst.Call) -> bool:
    above = module.parent(call)
    return isinstance(above, cst.Assign) and not isinstance(above.targets[0].target, cst.Name)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"_jit_get_operation", *_MASKED}),
    language="python",
    removed_in="1.11",
    link="https://github.com/pytorch/pytorch/issues/75018",
)
