"""Check arguments with ``TORCH_CHECK`` instead of ``THArgCheck``, ``THError`` and ``THAssert``.

Removed in torch 1.11 (pytorch/pytorch#65492). ``THArgCheck`` takes an argument number and a printf format; ``TORCH_CHECK`` concatenates.

Before:
    THArgCheck(n > 0, 3, "n must be positive, got %d", n);
    THError("bad mode %s", mode);
After:
    TORCH_CHECK(n > 0, "n must be positive, got ", n);
    TORCH_CHECK(false, "bad mode ", mode);
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.aten._messages import concatenation, conversions, is_printf
from rewrites.aten.check_macros import _braced, _false

ID = "th-arg-check"
_OLD = {"THArgCheck", "THError", "THAssert", "THAssertMsg"}


def fix(ctx):
    for name in ctx.names(_OLD):
        if ctx.project.macros(name.text) or ctx.project.has_function(name.text):
            continue
        call = call_of(name)
        if call is None or not call.args:
            continue
        edits = [Edit(name.start, name.end, b"TORCH_CHECK")]
        args = list(call.args)
        left = ()
        if name.text == "THError":
            edits.append(Edit(call.list.start + 1, call.list.start + 1, _false(call)))
            message, rest = args[0], args[1:]
        elif name.text == "THArgCheck":
            if len(args) < 2:
                continue
            edits.append(Edit(args[1].start, args[2].start, b"") if len(args) > 2 else Edit(args[0].end, args[1].end, b""))
            message, rest = (args[2], args[3:]) if len(args) > 2 else (None, [])
        else:
            message, rest = (args[1], args[2:]) if len(args) > 1 else (None, [])
        if message is not None and is_printf(message, rest):
            text = concatenation(message, rest)
            if text is None:
                left = (Finding(
                    ID,
                    message.start,
                    f"a printf-style message ({' '.join(conversions(message.text))}): TORCH_CHECK writes its arguments one after another",
                    "build the text first (snprintf or std::ostringstream), then pass it",
                ),)  # fmt: skip
            else:
                edits.append(Edit(message.start, rest[-1].end, text.encode("utf-8", "surrogateescape")))
        yield Change(ID, tuple(_braced(call, edits)), left=left)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_OLD), removed_in="1.11", link="https://github.com/pytorch/pytorch/pull/65492")
