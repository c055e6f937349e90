"""Derive nodes of the graph from ``torch::autograd::Node``.

What was ``torch::autograd::Function`` up to torch 1.1 is ``Node`` since 1.2; ``Function`` is a template for custom operators since.

Before:
    struct Own : torch::autograd::Function {
      torch::autograd::variable_list apply(torch::autograd::variable_list &&inputs) override { return inputs; }
    };
After:
    struct Own : torch::autograd::Node {
      torch::autograd::variable_list apply(torch::autograd::variable_list &&inputs) override { return inputs; }
    };
"""

import re

from migrator.rewrite import Change, Edit, Rewrite, settings_floor
from rewrites.aten.renamed import qualified

ID = "autograd-node"
_SPELT = re.compile(rb"autograd\s*::\s*Function")


def fix(ctx):
    if settings_floor(ctx) < (1, 2) or not ctx.spells(_SPELT):
        return
    for name in ctx.names({"Function"}):
        if qualified(name) != "torch::autograd::Function" or name.parent.kind in ("template_type", "template_function"):
            continue
        owner = name.parent
        while owner is not None and owner.kind == "qualified_identifier":
            owner = owner.parent
        if owner is not None and owner.kind in ("using_declaration", "alias_declaration"):
            continue
        yield Change(ID, (Edit(name.start, name.end, b"Node"),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"Function"}), removed_in="1.2")
