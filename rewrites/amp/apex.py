"""What NVIDIA's apex gave before torch had it: mixed precision (torch 1.6), synchronised batch norm and data parallel training."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import Module, argument, cst
from migrator.python_names import import_pairs
from migrator.rewrite import Change, Edit, Finding, Rewrite

_AMP_DOC = """Report apex.amp, whose place torch.amp has taken.

apex.amp is no longer maintained (its authors say so in NVIDIA/apex#818); mixed precision is part of torch since 1.6. ``opt_level="O1"`` is
``torch.amp.autocast`` with a ``GradScaler``; what the other levels do (a model in half, master weights) has no equivalent, so that nothing
is rewritten: the finding at each place says what to write there.

Before:
    from apex import amp
    model, optimizer = amp.initialize(model, optimizer, opt_level="O1")
After:
    from apex import amp
    model, optimizer = amp.initialize(model, optimizer, opt_level="O1")
"""
_PARALLEL_DOC = """Use torch's synchronised batch norm and data parallel training instead of apex.parallel's.

Unsafe: the same computation in other kernels, with other last digits, and torch's DistributedDataParallel takes no ``message_size`` and
the like. ``delay_allreduce=True`` allows parameters that get no gradient, as ``find_unused_parameters=True`` does; apex's never sends the
buffers round. Calls with arguments that torch has not are reported.

Before:
    from apex.parallel import convert_syncbn_model, DistributedDataParallel as DDP
    model = DDP(convert_syncbn_model(model), delay_allreduce=True)
After:
    from torch.nn import SyncBatchNorm
    from torch.nn.parallel import DistributedDataParallel as DDP
    model = DDP(SyncBatchNorm.convert_sync_batchnorm(model), broadcast_buffers=False, find_unused_parameters=True)
"""
_ADVICE = {
    "apex.amp.initialize": 'delete it and make scaler = torch.amp.GradScaler("cuda") (opt_level O1); run the forward pass and the loss '
    'under with torch.amp.autocast("cuda"):',
    "apex.amp.scale_loss": "scaler.scale(loss).backward(), then scaler.step(optimizer) for optimizer.step(), then scaler.update()",
    "apex.amp.master_params": "scaler.unscale_(optimizer), then model.parameters()",
    "apex.amp.state_dict": "scaler.state_dict()",
    "apex.amp.load_state_dict": "scaler.load_state_dict(...); checkpoints of apex hold another state",
    "apex.amp.float_function": "decorate with torch.amp.autocast('cuda', enabled=False) and convert the arguments by .float()",
    "apex.amp.half_function": "leave the decorator out, or convert the arguments by .half() under autocast(enabled=False)",
    "apex.amp.promote_function": "leave the decorator out: autocast promotes by itself",
    "apex.parallel.DistributedDataParallel": "torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False); "
    "--unsafe-fixes writes it",
    "apex.parallel.convert_syncbn_model": "torch.nn.SyncBatchNorm.convert_sync_batchnorm(model); --unsafe-fixes writes it",
    "apex.parallel.SyncBatchNorm": "torch.nn.SyncBatchNorm",
}


def _is_apex(project) -> bool:
    return project.cached("amp: apex itself", lambda: any(path.match("apex/__init__.py") for path in project.python_files))


def report(ctx) -> Iterator[Finding]:
    """A finding at each use of apex.amp and apex.parallel, guarded imports included; none in apex itself, or where a copy of it lies."""
    module = None if _is_apex(ctx.project) or not ctx.may_use({"apex"}) else ctx.module
    local: dict[str, str] = {}
    for node in module.find(cst.Import, cst.ImportFrom) if module is not None else ():
        local.update({name: target for name, target, _ in import_pairs(node) if target.split(".")[0] == "apex"})
    for root, target in local.items():
        for leaf in module.names.occurrences(root):
            if not module.names.is_use(leaf):
                continue
            name, node = target, leaf
            while isinstance(module.parent(node), cst.Attribute) and module.parent(node).value is node:
                node = module.parent(node)
                name = f"{name}.{node.attr.value}"
            call = module.parent(node)
            if name in _ADVICE and isinstance(call, (cst.Call, cst.Decorator)):
                yield Finding("apex-amp", module.start(node), f"torch itself does by now what {name} did", _ADVICE[name])


def parallel(ctx) -> Iterator[Change | Finding]:
    """One change of the whole file: the import and every use of what it binds."""
    module = ctx.module if ctx.may_use(_PORTED) else None
    for node in module.find(cst.ImportFrom) if module is not None else ():
        pairs = [(name, target) for name, target, _ in import_pairs(node)]
        if not pairs or any(target not in _PORTED for _, target in pairs) or module.names.guarded_import(node):
            continue
        edits = [_import(module, node, pairs)]
        for name, target in pairs:
            found = [leaf for leaf in module.names.occurrences(name) if module.names.is_use(leaf) and module.qualified(leaf) == target]
            edits += [edit for leaf in found for edit in _call(module, leaf, target)]
        if None not in edits:
            yield Change("apex-parallel", tuple(sorted(edits)))


_PORTED = {"apex.parallel.DistributedDataParallel": "torch.nn.parallel", "apex.parallel.convert_syncbn_model": "torch.nn"}


def _import(module: Module, node: cst.ImportFrom, pairs: list[tuple[str, str]]) -> Edit | None:
    line = module.parent(node)
    renamed = any(target.endswith("convert_syncbn_model") and name != "convert_syncbn_model" for name, target in pairs)
    if renamed or not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        return None
    lines = []
    for name, target in sorted(pairs, key=lambda pair: _PORTED[pair[1]]):
        if target.endswith("convert_syncbn_model"):
            if module.names.is_bound("SyncBatchNorm"):
                return None
            lines.append("from torch.nn import SyncBatchNorm")
        else:
            last = target.rpartition(".")[2]
            lines.append(f"from torch.nn.parallel import {last}" + (f" as {name}" if name != last else ""))
    start = module.start(node)
    indent = module.file.text(module.file.line_span(start)[0], start)
    return module.replace(node, (module.file.newline.decode() + indent).join(lines))


def _call(module: Module, leaf: cst.Name, target: str) -> list[Edit | None]:
    """The edits of one use; [None] where torch has no such form."""
    call = module.parent(leaf)
    if not isinstance(call, cst.Call) or call.func is not leaf or any(arg.star for arg in call.args):
        return [None]
    given = {arg.keyword.value if arg.keyword is not None else str(i) for i, arg in enumerate(call.args)}
    if target.endswith("convert_syncbn_model"):
        if given - {"0", "module", "process_group"}:
            return [None]
        return [module.replace(leaf, "SyncBatchNorm.convert_sync_batchnorm")]
    if given - {"0", "module", "delay_allreduce"} or not call.args:
        return [None]
    delayed = argument(call, "delay_allreduce")
    if delayed is None:
        return [module.insert(module.outer_span(call.args[-1].value)[1], ", broadcast_buffers=False")]
    arg = next(a for a in call.args if a.keyword is not None and a.keyword.value == "delay_allreduce")
    return [module.replace(arg.keyword, "broadcast_buffers=False, find_unused_parameters")]


_WORDS = frozenset({"apex"})
rewrites = [
    Rewrite("apex-amp", _AMP_DOC, fix=report, triggers=_WORDS, language="python", deprecated_in="1.6"),
    Rewrite("apex-parallel", _PARALLEL_DOC, fix=parallel, triggers=_WORDS, language="python", deprecated_in="1.6", tier="unsafe"),
]
