"""Name a dispatch with a string literal.

Since torch 1.8 the second argument of ``AT_DISPATCH_*`` must be a constant expression; before, it was turned into a
string, so a bare identifier would do.

Before:
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), forward, [&] { f<scalar_t>(x); });
After:
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "forward", [&] { f<scalar_t>(x); });
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "dispatch-name"
_MACROS = frozenset(
    f"AT_DISPATCH_{kind}{half}"
    for kind in ("FLOATING_TYPES", "ALL_TYPES", "INTEGRAL_TYPES", "COMPLEX_TYPES", "FLOATING_AND_COMPLEX_TYPES", "ALL_TYPES_AND_COMPLEX", "INDEX_TYPES")
    for half in ("", "_AND_HALF", "_AND", "_AND2", "_AND3")
)


def fix(ctx):
    for macro in ctx.names(_MACROS):
        if ctx.project.macros(macro.text):
            continue
        call = call_of(macro)
        if call is None:
            continue
        position = {"_AND": 2, "_AND2": 3, "_AND3": 4}.get(macro.text[macro.text.rfind("_") :], 1)
        if macro.text.endswith("_AND_HALF"):
            position = 1
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
