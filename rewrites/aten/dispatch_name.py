"""Name a dispatch with a string literal.

Since torch 1.8 the second argument of ``AT_DISPATCH_*`` must be a constant expression; before, it was turned into a
string, so a bare identifier would do.

Before:
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), forward, [&] { f<scalar_t>(x); });
After:
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "forward", [&] { f<scalar_t>(x); });
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "dispatch-name"
_MACROS = frozenset(
    f"AT_DISPATCH_{kind}{half}"
    for kind in ("FLOATING_TYPES", "ALL_TYPES", "INTEGRAL_TYPES", "COMPLEX_TYPES", "FLOATING_AND_COMPLEX_TYPES", "ALL_TYPES_AND_COMPLEX", "INDEX_TYPES")
    for half in ("", "_AND_HALF", "_AND", "_AND2", "_AND3")
)


# A call whose name is a string, after so many arguments. What does not look so is left to the tree.
_CALL = re.compile(rb"(AT_DISPATCH_\w+)\s*\((?:([^\"{;()]*(?:\([^\"{;()]*\)[^\"{;()]*)*)(\"))?")


def _position(macro: str) -> int:
    """Which argument names the dispatch."""
    return 1 if macro.endswith("_AND_HALF") else {"_AND": 2, "_AND2": 3, "_AND3": 4}.get(macro[macro.rfind("_") :], 1)


def _all_literal(data: bytes) -> bool:
    for m in _CALL.finditer(data):
        before = re.sub(rb"\([^()]*\)", b"", m.group(2) or b"")
        if m.group(3) is None or before.count(b",") != _position(m.group(1).decode()) or not before.rstrip().endswith(b","):
            return False
    return True


def fix(ctx):
    if _all_literal(ctx.file.data):
        return
    for macro in ctx.names(_MACROS):
        if ctx.project.macros(macro.text):
            continue
        call = call_of(macro)
        if call is None:
            continue
        position = _position(macro.text)
        if position >= len(call.args):
            continue
        name = call.args[position]
        if name.kind == "identifier" and name.text not in ("__func__", "__FUNCTION__", "__PRETTY_FUNCTION__", "NAME"):
            define = name.enclosing("preproc_function_def")
            if define is not None and name.text in (define.field_child("parameters") or define).text:
                continue
            declared = ctx.scopes.lookup(name.text, name)
            if declared is None and not ctx.project.macros(name.text):
                yield Change(ID, (Edit(name.start, name.start, b'"'), Edit(name.end, name.end, b'"')))
            elif declared is not None and "constexpr" not in declared.node.text:
                yield Finding(ID, name.start, f"the name of the dispatch, {name.text}, is not a constant expression", "write a string literal there")
        elif name.kind == "call_expression":
            yield Finding(ID, name.start, "the name of the dispatch is not a constant expression", "write a string literal there")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_MACROS, removed_in="1.8")
