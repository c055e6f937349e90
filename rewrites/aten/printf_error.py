"""Build the text of an error before it is thrown.

``torch::TypeError`` lost its printf-style constructor in torch 2.9: what a plain message said ``c10::str`` says. ``torch::ValueError`` lost
it in 2.3 and takes no bare text either, so ``TORCH_CHECK_VALUE`` throws it. Other formats are reported.

Before:
    throw torch::TypeError("expected %d dimensions, got %s", n, m);
After:
    throw torch::TypeError(c10::str("expected ", n, " dimensions, got ", m));
"""

from migrator import releases
from migrator.calls import call_of, needs_braces
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.aten._messages import concatenation, is_printf

ID = "printf-error"
_REMOVED = {"ValueError": "2.3", "TypeError": "2.9"}


def fix(ctx):
    for name in ctx.names(_REMOVED):
        call = call_of(name)
        if call is None or call.qualified.removeprefix("::") != f"torch::{name.text}" or len(call.args) < 2:
            continue
        if releases.parse(_REMOVED[name.text]) > ctx.settings.target:
            continue
        message, rest = call.args[0], list(call.args[1:])
        text = concatenation(message, rest) if is_printf(message, rest) else None
        if text is None:
            what = f"torch::{name.text} takes one text since torch {_REMOVED[name.text]}, no printf-style format"
            advice = "torch::TypeError(c10::str(...))" if name.text == "TypeError" else "TORCH_CHECK_VALUE(false, ...)"
            yield Finding(ID, name.start, what, advice + ", with the parts of the text, or a std::string made with snprintf")
            continue
        if name.text == "ValueError":
            statement = call.node.parent
            if statement is None or statement.kind != "throw_statement":
                continue
            start, end = (b"{ ", b" }") if needs_braces(statement) else (b"", b"")
            new = f"TORCH_CHECK_VALUE(false, {text});".encode("utf-8", "surrogateescape")
            yield Change(ID, (Edit(statement.start, statement.end, start + new + end),))
            continue
        edit = Edit(message.start, rest[-1].end, f"c10::str({text})".encode("utf-8", "surrogateescape"))
        yield Change(ID, (edit,), ("c10/util/StringUtil.h",))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_REMOVED), removed_in="2.3")
