"""Write out ``AT_PRIVATE_CASE_TYPE`` in dispatch macros of the project's own.

The macro got another parameter in torch 1.8 and was removed in 1.13, ``AT_PRIVATE_CASE_TYPE_USING_HINT`` lost two. What they stood for in
1.0 to 1.7 is written in their place.

Before:
    #define DISPATCH(T, ...) switch (T) { AT_PRIVATE_CASE_TYPE(at::ScalarType::Float, float, __VA_ARGS__) default: break; }
After:
    #define DISPATCH(T, ...) switch (T) { case at::ScalarType::Float: { using scalar_t = float; return __VA_ARGS__(); } default: break; }
"""

from migrator.calls import text_arguments
from migrator.rewrite import Change, Edit, Rewrite

ID = "private-case-type"
_MACROS = {"AT_PRIVATE_CASE_TYPE": 3, "AT_PRIVATE_CASE_TYPE_USING_HINT": 4}  # how many arguments there were, without NAME


def fix(ctx):
    for name in ctx.names(_MACROS):
        if ctx.project.macros(name.text):
            continue
        found = text_arguments(ctx.file.data, name.end)
        if found is None:
            continue
        spans, end = found
        texts = [ctx.file.text(s, e).strip() for s, e in spans]
        if len(texts) == _MACROS[name.text] + 1 and "ScalarType" not in texts[0] and not texts[0].startswith("at::k"):
            texts.pop(0)  # the NAME of 1.8 to 1.12
        if len(texts) != _MACROS[name.text]:
            continue
        alias = texts.pop(2) if len(texts) == 4 else "scalar_t"
        new = f"case {texts[0]}: {{ using {alias} = {texts[1]}; return {texts[2]}(); }}"
        yield Change(ID, (Edit(name.start, end, new.encode("utf-8", "surrogateescape")),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_MACROS), removed_in="1.8")
