"""Use torch.amp, which takes the device, instead of torch.cuda.amp.

``torch.cuda.amp.autocast``, ``GradScaler``, ``custom_fwd`` and ``custom_bwd`` warn since torch 2.4. ``torch.amp.GradScaler`` exists since
2.3 and ``torch.amp.custom_fwd`` since 2.4, so with an older ``--min-torch`` the names are imported from wherever they are, and the calls
are those that every release takes: ``torch.autocast("cuda")`` (1.10) and arguments by name. With ``--amp-compat`` they come from a module
that cuport writes into the project (see ``cuport amp-shim``), and the calls stay.

``torch.cuda.amp.autocast()`` means float16, ``torch.amp.autocast("cuda")`` the dtype of the region around it: in a project that uses
bfloat16 the dtype is written out. Imports under try/except ImportError or a version guard are left, as is what is handed on uncalled.

Before:
    import torch
    from torch.cuda.amp import GradScaler

    scaler = GradScaler(enabled=True)
    with torch.cuda.amp.autocast(True):
        loss = model(x)
After:
    import torch
    from torch.amp import GradScaler

    scaler = GradScaler("cuda", enabled=True)
    with torch.amp.autocast("cuda", enabled=True):
        loss = model(x)
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator import releases
from migrator.amp_shim import NAMES
from migrator.python import Module, cst, dotted
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor
from rewrites.amp import _compat, _tolerant
from rewrites.amp._forms import device_first, float16
from rewrites.amp._uses import OLD, Binding, Stuck, Use, bindings, shared, stray, uses

ID = "cuda-amp"


def fix(ctx) -> Iterator[Change | Finding]:
    module = ctx.module if ctx.settings.amp_compat or ctx.may_use({"torch.cuda.amp"}) else None
    if module is None:
        return
    if ctx.settings.amp_compat:
        yield from _compat.fix(ctx, ID)
        return
    tolerant = settings_floor(ctx) < releases.parse("2.4")
    bound = list(bindings(module, OLD))
    local = {name for b in bound for name in b.names}
    found = list(uses(module, OLD))
    mine = [u for u in found if u.root.value in local]
    loose = [u for u in found if u.root.value not in local and not module.names.guarded(u.node)]
    if tolerant:
        try:
            _check(ctx, bound, mine)
            yield from list(_tolerant.fix(ctx, ID, bound, mine, loose))
        except Stuck as stuck:
            yield _finding(ctx, stuck)
        return
    if bound:  # the imports and the uses of what they bind change together, or not at all
        try:
            _check(ctx, bound, mine)
            yield Change(ID, tuple(sorted(_imported(ctx, bound, mine))))
        except Stuck as stuck:
            yield _finding(ctx, stuck)
    for use in loose:
        try:
            yield Change(ID, tuple(sorted([*_without_cuda(module, use.node), *device_first(module, use, float16(ctx, use))])))
        except Stuck as stuck:
            yield _finding(ctx, stuck)


def _check(ctx, bound: list[Binding], found: list[Use]) -> None:
    """Raises Stuck where the imports cannot change."""
    module = ctx.module
    for use in found:
        if module.names.guarded(use.node):
            raise Stuck(use.node, f"{use.name} is used under a version guard, and imported outside of it", "put the import under the guard")
    for binding in bound:
        other = stray(module, binding, OLD)
        if other is not None:
            advice = "write the uses of autocast and GradScaler as torch.amp's by hand"
            raise Stuck(other, "torch.cuda.amp is used for more than its four names here", advice)
        if binding.others:
            advice = "import autocast and GradScaler by a statement of their own and run cuport again"
            raise Stuck(binding.node, "this import binds more than the names that torch.amp has", advice)
        away = sorted({name for name in binding.names.values() if name in shared(ctx)})
        if away:
            raise Stuck(
                binding.node,
                f"other files of the project import {away[0]} from one of its own, and call it without a device",
                f'write torch.amp.{away[0]} with "cuda" as its first argument here and there, '
                "or port with --amp-compat, whose module takes both",
            )


def _imported(ctx, bound: list[Binding], found: list[Use]) -> list[Edit]:
    module = ctx.module
    edits = []
    for binding in bound:
        nodes = [binding.node.module] if isinstance(binding.node, cst.ImportFrom) else [alias.name for alias in binding.node.names]
        edits += [e for node in nodes for e in _without_cuda(module, node, in_import=True)]
    for use in found:
        edits += device_first(module, use, float16(ctx, use))
    return edits


def _without_cuda(module: Module, node: cst.CSTNode, in_import: bool = False) -> list[Edit]:
    """``torch.cuda.amp.autocast`` -> ``torch.amp.autocast``: takes ``.cuda`` away. Raises Stuck."""
    whole = node
    while isinstance(node, cst.Attribute):
        if (dotted(node) if in_import else module.qualified(node)) == "torch.cuda":
            return [Edit(module.outer_span(node.value)[1], module.span(node)[1], b"")]
        node = node.value
    advice = 'write torch.amp.autocast("cuda", ...), torch.amp.GradScaler("cuda", ...)'
    raise Stuck(whole, "torch.cuda.amp is deprecated since torch 2.4", advice)


def _finding(ctx, stuck: Stuck) -> Finding:
    return Finding(ID, ctx.module.start(stuck.node), stuck.message, stuck.advice)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({*NAMES, "amp"}), language="python", deprecated_in="2.4", cross_file=True)
