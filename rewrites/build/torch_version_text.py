"""Read ``torch.__version__`` so that it works for 2.15.0+cu132.

``int()`` does not take the ``0+cu132`` that ``torch.__version__.split(".")[2]`` gives, and ``torch.__version__[:3]`` is "2.1" for 2.15.

Before:
    import torch
    new = [int(x) for x in torch.__version__.split(".")[:3]] >= [1, 1, 0]
After:
    import torch
    new = [int(x) for x in torch.__version__.split("+")[0].split(".")[:3]] >= [1, 1, 0]
"""

from __future__ import annotations

from migrator.python import cst, string_value
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "torch-version-text"
_ADVICE = "compare torch.torch_version.TorchVersion(torch.__version__) with (1, 5), or packaging.version.parse(torch.__version__)"


def fix(ctx):
    module = ctx.module if ctx.may_use({"torch.__version__"}) else None
    for node in module.find(cst.Attribute) if module is not None else ():
        if node.attr.value != "__version__" or module.qualified(node) != "torch.__version__":
            continue
        parent = module.parent(node)
        if isinstance(parent, cst.Attribute) and parent.attr.value == "split":
            yield from _split(module, node, parent)
        elif isinstance(parent, cst.Subscript) and parent.value is node:
            end = _slice_end(parent)
            if end is not None and end >= 3:
                yield Finding(ID, module.start(node), f"{module.code(parent)} is cut off inside the minor version: 2.1 for 2.15", _ADVICE)
        elif isinstance(parent, (cst.Comparison, cst.ComparisonTarget)) and settings_floor(ctx) < parse("1.10"):
            comparison = parent if isinstance(parent, cst.Comparison) else module.parent(parent)
            ordered = [
                t
                for t in comparison.comparisons
                if isinstance(t.operator, (cst.LessThan, cst.GreaterThan, cst.LessThanEqual, cst.GreaterThanEqual))
            ]
            sides = [comparison.left, *(t.comparator for t in comparison.comparisons)]
            if ordered and any(string_value(s) is not None for s in sides):
                yield Finding(ID, module.start(node), "torch.__version__ is plain text below torch 1.10: '1.10' < '1.5'", _ADVICE)


def _slice_end(node: cst.Subscript) -> int | None:
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Slice):
        return None
    part = node.slice[0].slice
    if part.step is not None or not isinstance(part.upper, cst.Integer):
        return None
    if part.lower is not None and not (isinstance(part.lower, cst.Integer) and part.lower.value == "0"):
        return None
    return int(part.upper.value)


def _split(module, node, attribute):
    call = module.parent(attribute)
    if not isinstance(call, cst.Call) or [string_value(a.value) for a in call.args] != ["."]:
        return
    used: cst.CSTNode = call
    above = module.parent(call)
    whole = True
    if isinstance(above, cst.Subscript) and above.value is call:
        index = above.slice[0].slice if len(above.slice) == 1 else None
        if isinstance(index, cst.Index):
            whole = module.code(index.value) == "2"
        else:
            end = _slice_end(above)
            whole = end is None or end >= 3
        used = above
    if not whole or not _as_int(module, used):
        return
    quote = '"' if '"' in module.code(call.args[0].value) else "'"
    end = module.outer_span(node)[1]
    yield Change(ID, (module.insert(end, f".split({quote}+{quote})[0]"),))


def _as_int(module, node) -> bool:
    """Whether the parts are turned into numbers: ``int(x)``, ``map(int, x)``, ``[int(v) for v in x]``."""
    parent = module.parent(node)
    if isinstance(parent, cst.Arg):
        call = module.parent(parent)
        if isinstance(call.func, cst.Name) and call.func.value == "int":
            return True
        return isinstance(call.func, cst.Name) and call.func.value == "map" and module.code(call.args[0].value) == "int"
    if isinstance(parent, cst.CompFor) and parent.iter is node and not parent.ifs:
        above = module.parent(parent)
        elt = getattr(above, "elt", None)
        return isinstance(elt, cst.Call) and isinstance(elt.func, cst.Name) and elt.func.value == "int"
    return False


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"__version__"}), language="python", removed_in="1.10")
