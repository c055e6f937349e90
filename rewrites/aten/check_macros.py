"""Check with ``TORCH_CHECK`` instead of ``AT_CHECK``, ``AT_ASSERT``, ``AT_ASSERTM`` and ``AT_ERROR``.

``AT_CHECK`` was removed in torch 1.5 (pytorch/pytorch#34846), the others are kept for old code only since 1.2. ``TORCH_CHECK`` expands to
an ``if``: braces are added where an ``else`` would bind to it. printf-style messages, which these macros never understood, become
concatenation; the argument number left over from ``THArgCheck`` is dropped.

Before:
    AT_CHECK(x.dim() == 4, "x must be 4-D");
After:
    TORCH_CHECK(x.dim() == 4, "x must be 4-D");
"""

from migrator.calls import call_of, in_macro_definition, macro_name, needs_braces, statement_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.aten._messages import concatenation, conversions, is_printf

LINK = "https://github.com/pytorch/pytorch/pull/34846"
_NEW = {"AT_INDEX_ERROR": b"TORCH_CHECK_INDEX"}
_STRINGS = ("string_literal", "concatenated_string", "raw_string_literal")


def _own_macro(ctx, name: str) -> bool:
    """Whether the project gives the macro a meaning of its own (a mere shim for another check does not count)."""
    from rewrites.aten.check_shim import is_shim

    return any(not is_shim(ctx.project.files[path], offset, name) for path, offset in ctx.project.macros(name))


def _braced(call, edits):
    statement = statement_of(call.node)
    if statement is not None and needs_braces(statement):
        return [Edit(statement.start, statement.start, b"{ "), *edits, Edit(statement.end, statement.end, b" }")]
    return edits


def _false(call) -> bytes:
    """The condition of a check that always fails, as it stands before the message."""
    if not call.args:
        return b"false"
    following = call.node.tree.file.data[call.list.start + 1 : call.list.start + 2]
    return b"false," if following in (b"\n", b"\r") else b"false, "


def _check(rule: str, old: str):
    def fix(ctx):
        if _own_macro(ctx, old):
            return
        for name in ctx.names({old}):
            define = in_macro_definition(name)
            if define is not None and macro_name(define) in ("TORCH_CHECK", "AT_CHECK"):
                continue
            call = call_of(name)
            if call is None:
                parent = name.parent
                if define is not None and parent is not define and not (parent is not None and parent.kind == "preproc_ifdef"):
                    yield Change(rule, (Edit(name.start, name.end, _NEW.get(old, b"TORCH_CHECK")),))
                continue
            yield from _one(rule, old, name, call)

    return fix


def _one(rule, old, name, call):
    edits = [Edit(name.start, name.end, _NEW.get(old, b"TORCH_CHECK"))]
    args = list(call.args)
    left = ()
    if old in ("AT_ERROR", "AT_INDEX_ERROR"):
        after = call.list.start + 1
        edits.append(Edit(after, after, _false(call)))
        message, rest = (args[0], args[1:]) if args else (None, [])
    else:
        if len(args) >= 3 and args[1].kind == "number_literal" and args[2].kind in _STRINGS:
            edits.append(Edit(args[1].start, args[2].start, b""))
            args.pop(1)
        message, rest = (args[1], args[2:]) if len(args) > 1 else (None, [])
    if message is not None and is_printf(message, rest):
        text = concatenation(message, rest)
        if text is None:
            left = (Finding(
                rule,
                message.start,
                f"a printf-style message ({' '.join(conversions(message.text))}): TORCH_CHECK writes its arguments one after another",
                "build the text first (snprintf or std::ostringstream), then pass it",
            ),)  # fmt: skip
        else:
            edits.append(Edit(message.start, rest[-1].end, text.encode("utf-8", "surrogateescape")))
    yield Change(rule, tuple(_braced(call, edits)), left=left)


def _rewrite(rule, old, removed_in, deprecated_in, before, after):
    doc = __doc__.split("Before:")[0].replace(
        "Check with ``TORCH_CHECK`` instead of ``AT_CHECK``, ``AT_ASSERT``, ``AT_ASSERTM`` and ``AT_ERROR``.",
        f"Check with ``{_NEW.get(old, b'TORCH_CHECK').decode()}`` instead of ``{old}``.",
    )
    return Rewrite(
        rule,
        f"{doc}Before:\n    {before}\nAfter:\n    {after}\n",
        fix=_check(rule, old),
        triggers=frozenset({old}),
        removed_in=removed_in,
        deprecated_in=deprecated_in,
        link=LINK,
    )


rewrites = [
    _rewrite("at-check", "AT_CHECK", "1.5", "1.2", 'AT_CHECK(x.dim() == 4, "x must be 4-D");', 'TORCH_CHECK(x.dim() == 4, "x must be 4-D");'),
    _rewrite("at-assert", "AT_ASSERT", None, "1.2", "AT_ASSERT(x.is_cuda());", "TORCH_CHECK(x.is_cuda());"),
    _rewrite("at-assertm", "AT_ASSERTM", None, "1.2", 'AT_ASSERTM(n > 0, "empty");', 'TORCH_CHECK(n > 0, "empty");'),
    _rewrite("at-index-error", "AT_INDEX_ERROR", "1.6", None, 'AT_INDEX_ERROR("no row ", n);', 'TORCH_CHECK_INDEX(false, "no row ", n);'),
    _rewrite("at-error", "AT_ERROR", None, "1.2", 'AT_ERROR("expected ", n);', 'TORCH_CHECK(false, "expected ", n);'),
]
