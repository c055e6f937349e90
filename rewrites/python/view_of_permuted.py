"""Call reshape where view may meet what was computed from a permuted tensor.

What is computed element by element from a permuted tensor was contiguous in torch 1.6; in 1.13 and 2.15 it has the permuted order in
memory, and ``.view(n, -1)`` of it stops with "view size is not compatible with input tensor's size and stride". ``reshape`` gives the same
view where there is one, and a copy where ``view`` would stop.

Before:
    def count(scores, n, c):
        scores = scores.permute(0, 2, 3, 1).reshape(n, -1, c).sigmoid()
        found = scores > 0.5
        return found.view(n, -1).sum(1)
After:
    def count(scores, n, c):
        scores = scores.permute(0, 2, 3, 1).reshape(n, -1, c).sigmoid()
        found = scores > 0.5
        return found.reshape(n, -1).sum(1)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.python import Module, cst
from migrator.python_outline import Derived, called_name
from migrator.rewrite import Change, Rewrite

ID = "view-of-permuted"
_PERMUTE = frozenset({"permute", "transpose", "swapaxes", "swapdims", "movedim", "t"})
_KEEP = frozenset({"view", "reshape", "detach", "unsqueeze", "squeeze"})  # may be views
_COMPUTE = frozenset(
    "sigmoid tanh relu exp log sqrt rsqrt abs neg clamp float half double bool long int byte clone to type "
    "mul add sub div pow gt lt ge le eq ne "
    "sigmoid_ tanh_ relu_ exp_ clamp_ mul_ add_ sub_ div_".split()
)
_PLAIN, _PERMUTED, _COMPUTED = 0, 1, 2


def fix(ctx) -> Iterator[Change]:
    module = ctx.module if ctx.may_call_method("view") and ctx.may_call_method(*_PERMUTE) and _may_view(ctx) else None
    for function in module.find(cst.FunctionDef) if module is not None else ():
        known: dict[str, int] = {}
        found = module.find(cst.Assign, cst.Call, under=function.body)
        for node in sorted(found, key=lambda n: (module.span(n)[1], isinstance(n, cst.Assign))):  # a value before what it is assigned to
            if module.enclosing(node, cst.FunctionDef, cst.Lambda) is not function:
                continue
            if isinstance(node, cst.Call):
                if _is_view(module, node) and _order(node.func.value, known) == _COMPUTED:
                    yield Change(ID, (module.replace(node.func.attr, "reshape"),))
                continue
            for target in node.targets:
                if isinstance(target.target, cst.Name):
                    known[target.target.value] = _order(node.value, known)


def _may_view(ctx) -> bool:
    """Whether something made of a permuted tensor is viewed: what ``fix`` looks for, whatever else it asks."""
    every = ctx.syntax
    if every is None:
        return True
    viewed = [n.func.value for n in every if type(n) is ast.Call and type(n.func) is ast.Attribute and n.func.attr == "view"]
    permuted = Derived(every, lambda node: called_name(node) in _PERMUTE)
    return any(each in permuted for each in viewed)


def _is_view(module: Module, call: cst.Call) -> bool:
    """Whether a call is a ``view`` with sizes: one argument alone could be a dtype."""
    if not (isinstance(call.func, cst.Attribute) and call.func.attr.value == "view") or any(a.keyword for a in call.args):
        return False
    first = call.args[0].value if call.args else None
    return len(call.args) > 1 or isinstance(first, (cst.Integer, cst.UnaryOperation, cst.Tuple, cst.List))


def _order(node: cst.CSTNode, known: dict[str, int]) -> int:
    """Whether an expression is a permuted tensor, or computed from one element by element."""
    if isinstance(node, cst.Name):
        return known.get(node.value, _PLAIN)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        method, order = node.func.attr.value, _order(node.func.value, known)
        if method in _PERMUTE:
            return max(order, _PERMUTED)
        if method in _KEEP:
            return order
        return _COMPUTED if order and method in _COMPUTE else _PLAIN
    parts: list[cst.CSTNode] = []
    if isinstance(node, cst.BinaryOperation) and not isinstance(node.operator, cst.MatrixMultiply):  # a product is laid out anew
        parts = [node.left, node.right]
    elif isinstance(node, cst.UnaryOperation):
        parts = [node.expression]
    elif isinstance(node, cst.Comparison):
        parts = [node.left, *(c.comparator for c in node.comparisons)]
    return _COMPUTED if any(_order(part, known) for part in parts) else _PLAIN


_WORDS = frozenset({"permute", "transpose", "swapaxes", "movedim"})
rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_WORDS, language="python", removed_in="1.13")
