"""Take from the data loader what it still has, from where it has it.

``torch.utils.data.dataloader`` was one file until torch 1.0; its private helpers live in ``torch.utils.data._utils`` and ``torch._utils``
since 1.1. ``ExceptionWrapper`` moved with torch 1.2. ``numpy_type_map``, a table of tensor types, is nowhere any more: the file that
imports it gets the table.

Before:
    from torch.utils.data.dataloader import DataLoader, pin_memory_batch
    batch = pin_memory_batch(batch)
After:
    from torch.utils.data._utils.pin_memory import pin_memory
    from torch.utils.data.dataloader import DataLoader
    batch = pin_memory(batch)
"""

from __future__ import annotations

from migrator.python import Module, cst
from migrator.python_imports import take_from_import
from migrator.python_names import import_pairs
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.python._moved import Moved, moved

ID = "dataloader-private"
_TABLE = {
    "torch.utils.data.dataloader.pin_memory_batch": Moved("torch.utils.data._utils.pin_memory.pin_memory", since="1.2"),
    "torch.utils.data.dataloader.ExceptionWrapper": Moved("torch._utils.ExceptionWrapper", since="1.2"),
}
_MAP = "torch.utils.data.dataloader.numpy_type_map"
_TYPES = {
    **{"float64": "Double", "float32": "Float", "float16": "Half", "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char"},
    "uint8": "Byte",
}
_follow = moved(ID, _TABLE)


def fix(ctx):
    yield from _follow(ctx)
    module = ctx.module if ctx.may_use({_MAP}) else None
    for node in module.find(cst.ImportFrom) if module is not None else ():
        if isinstance(node.names, cst.ImportStar) or module.names.guarded_import(node):
            continue
        for local, target, leaf in import_pairs(node):
            if target == _MAP:
                torch = _torch(module, node)
                lines = _map(local, torch or "torch")
                alias = module.enclosing(leaf, cst.ImportAlias)
                edits = take_from_import(module, node, [alias], lines if torch else ["import torch", *lines])
                if edits is None or not torch and module.names.is_bound("torch"):
                    advice = "torch.as_tensor(array), which keeps the dtype"
                    yield Finding(ID, module.start(node), f"{_MAP} is gone since torch 1.1", advice)
                else:
                    yield Change(ID, edits)


def _torch(module: Module, node: cst.CSTNode) -> str | None:
    """The name that torch has for certain where an import statement stands."""
    for statement in module.find(cst.Import):
        if module.start(statement) < module.start(node) and isinstance(module.parent(module.parent(statement)), cst.Module):
            for local, target, _ in import_pairs(statement):
                if target == "torch" and module.names.resolve(local, node) == "torch":
                    return local
    return None


def _map(name: str, torch: str) -> list[str]:
    return [f"{name} = {{", *(f'    "{dtype}": {torch}.{kind}Tensor,' for dtype, kind in _TYPES.items()), "}"]


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"dataloader"}), language="python", removed_in="1.1")
