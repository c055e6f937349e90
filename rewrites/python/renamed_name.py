"""Use names that torch renamed as they are today.

The old ones meant the same, and are gone (looked up in torch 2.15). ``torch.distributed.deprecated``, which torch 1.3 dropped, was the
first ``torch.distributed``, with its functions and their arguments.

Before:
    import torch
    torch.set_deterministic(True)
After:
    import torch
    torch.use_deterministic_algorithms(True)
"""

from migrator.python import cst
from migrator.rewrite import Change, Rewrite
from rewrites.python._moved import Moved, moved

ID = "renamed-name"
_TABLE = {
    "torch.set_deterministic": Moved("torch.use_deterministic_algorithms", since="1.8"),
    "torch.is_deterministic": Moved("torch.are_deterministic_algorithms_enabled", since="1.8"),
    "torch.storage._TypedStorage": Moved("torch.storage.TypedStorage", since="2.0"),
    "torch.storage._UntypedStorage": Moved("torch.storage.UntypedStorage", since="2.0"),
    "torch.distributed._get_global_rank": Moved("torch.distributed.get_global_rank", since="2.0"),
    "torch.nn.functional._pad": Moved("torch.nn.functional.pad"),
    "torch.distributed.deprecated": Moved("torch.distributed"),
}
_MODULES = {"torch.distributed.deprecated"}  # of these names
_moved = moved(ID, _TABLE)


def fix(ctx):
    yield from _moved(ctx)
    module = ctx.module if ctx.may_use(_MODULES) else None
    for node in module.find(cst.Import) if module is not None else ():
        if module.names.guarded_import(node):
            continue
        for alias in node.names:
            old = module.code(alias.name)
            if old in _MODULES:
                yield Change(ID, (module.replace(alias.name, _TABLE[old].new),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(n.rsplit(".", 1)[-1] for n in _TABLE), language="python", removed_in="1.8"
)
