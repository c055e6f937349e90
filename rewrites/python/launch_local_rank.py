"""Take ``--local-rank`` as well as ``--local_rank``.

``python -m torch.distributed.launch`` passes the dashed form since torch 2.0 and the other one before; the attribute keeps its name.

Before:
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--local_rank", type=int, default=0)
After:
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0)
"""

from __future__ import annotations

from migrator.python import plain_arguments, quote_like, string_value
from migrator.rewrite import Change, Rewrite

ID = "launch-local-rank"


def fix(ctx):
    module = ctx.module if ctx.has("add_argument") else None
    if module is None:
        return
    for call in module.names.method_calls("add_argument"):
        flags = {string_value(a.value): a.value for a in plain_arguments(call) or ()}
        node = flags.get("--local_rank")
        if node is not None and "--local-rank" not in flags and hasattr(node, "quote"):
            yield Change(ID, (module.insert(module.outer_span(node)[1], ", " + quote_like(node, "--local-rank")),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"local_rank"}), language="python", removed_in="2.0")
