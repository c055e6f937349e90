"""Call ``Sampler.__init__`` without a data source.

``torch.utils.data.Sampler`` never used it, warns of it since torch 2.1, and has no ``__init__`` of its own since 2.10.

Before:
    from torch.utils.data import Sampler
    class Even(Sampler):
        def __init__(self, data):
            super().__init__(data)
            self.data = data
After:
    from torch.utils.data import Sampler
    class Even(Sampler):
        def __init__(self, data):
            super().__init__()
            self.data = data
"""

from __future__ import annotations

from migrator.python import cst, inner_span
from migrator.releases import parse
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "sampler-data-source"
_BASES = {"torch.utils.data.Sampler", "torch.utils.data.sampler.Sampler"}


def fix(ctx):
    module = ctx.module if ctx.may_use(_BASES) else None
    if module is None:
        return
    for node in module.find(cst.ClassDef):
        bases = [base.value.value if isinstance(base.value, cst.Subscript) else base.value for base in node.bases]
        if len(bases) != 1 or module.qualified(bases[0]) not in _BASES:
            continue
        for call in module.find(cst.Call, under=node.body):
            if (
                not isinstance(call.func, cst.Attribute)
                or call.func.attr.value != "__init__"
                or module.enclosing(call, cst.ClassDef) is not node
            ):
                continue
            owner = call.func.value
            kept = 0
            if module.qualified(owner) in _BASES:
                kept = 1  # self
            elif not (isinstance(owner, cst.Call) and module.names.builtin(owner.func, "super")):
                continue
            if len(call.args) <= kept or any(a.star for a in call.args[: kept + 1]):
                continue
            if settings_floor(ctx) < parse("2.1"):
                yield Finding(
                    ID,
                    module.start(call),
                    "Sampler takes no data source since torch 2.10, and must be given one before 2.1",
                    "raise --min-torch to 2.1, or leave the call out: it did nothing",
                )
                continue
            start, end = inner_span(module, call)
            if kept:
                start = module.outer_span(call.args[0].value)[1]
            yield Change(ID, (Edit(start, end, b""),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"Sampler"}), language="python", removed_in="2.10")
