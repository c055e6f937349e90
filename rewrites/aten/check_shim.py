"""Drop shims that map ``AT_CHECK`` and ``TORCH_CHECK`` onto each other.

Projects that had to compile on both sides of torch 1.2 define one macro as the other. Since 1.5 only ``TORCH_CHECK`` is left
 (pytorch/pytorch#34846): the shim either defines a macro that is gone or redefines one that exists.

Before:
    #ifndef AT_CHECK
    #define AT_CHECK TORCH_CHECK
    #endif
After:
"""

import re

from migrator.rewrite import Change, Edit, Rewrite
from migrator.syntax import preproc

ID = "check-shim"
_CHECKS = "AT_CHECK|TORCH_CHECK|AT_ASSERT|AT_ASSERTM|TORCH_INTERNAL_ASSERT"
_SHIM = re.compile(
    rb"[ \t]*#[ \t]*define[ \t]+(AT_CHECK|TORCH_CHECK)(?:[ \t]+(?:" + _CHECKS.encode() + rb")"
    rb"|[ \t]*\(\s*(?:\w+\s*,\s*)?\.\.\.\s*\)[ \t]*(?:\\\r?\n[ \t]*)?(?:" + _CHECKS.encode() + rb")[ \t]*\((?:\s*\w+\s*,\s*)?(?:##)?\s*__VA_ARGS__\s*\);?)[ \t]*(?://[^\n]*)?(?=\r?\n|\Z)"
)


def is_shim(file, offset: int, name: str) -> bool:
    """Whether the ``#define`` at ``offset`` only maps ``name`` to another check."""
    m = _SHIM.match(file.data, offset)
    return m is not None and m.group(1).decode() == name


def fix(ctx):
    data = ctx.file.data
    if b"define" not in ctx.file.words:
        return
    arms = preproc.arms(data)
    for name in ("AT_CHECK", "TORCH_CHECK"):
        for offset in preproc.defined_macros(data).get(name, []):
            m = _SHIM.match(data, offset)
            if m is None:
                continue
            start, end = ctx.file.line_span(offset)[0], m.end()
            end = ctx.file.line_span(end)[1] if end < len(data) else end
            around = [a for a in arms if a.start <= offset < a.end]
            own = bool(around) and re.search(rf"\b(?:{_CHECKS})\b", around[-1].condition) is not None
            if ctx.tree.in_disabled(offset) and not own:
                continue
            if own:
                arm = around[-1]
                closing = re.compile(rb"[ \t]*#[ \t]*endif[^\n]*(?:\n|\Z)").match(data, ctx.file.line_span(arm.end)[0])
                siblings = [a for a in arms if a.opened_at == arm.opened_at]
                inside = data[arm.start : start] + data[end : arm.end]
                if closing and len(siblings) == 1 and not inside.strip():
                    start, end = ctx.file.line_span(arm.opened_at)[0], closing.end()
            yield Change(ID, (Edit(start, end, b""),))


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"AT_CHECK", "TORCH_CHECK"}),
    removed_in="1.5",
    order=1,
    link="https://github.com/pytorch/pytorch/pull/34846",
)
