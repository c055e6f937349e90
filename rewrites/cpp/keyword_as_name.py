"""Do not name a thing by what is a keyword of C++20.

``requires``, ``concept`` and their like are keywords with torch 2.12 and newer, which compile as C++20. Which new name fits, and where else
it is used, is for a person to say.

Before:
    bool concept = true;
After:
    bool concept = true;
"""

from migrator.rewrite import Finding, Rewrite

ID = "keyword-as-name"
_KEYWORDS = frozenset({"requires", "concept", "char8_t", "consteval", "constinit", "co_await", "co_return", "co_yield"})
_DECLARE = frozenset({
    "parameter_declaration", "optional_parameter_declaration", "declaration", "field_declaration", "init_declarator", "pointer_declarator",
    "reference_declarator", "array_declarator", "function_declarator", "for_range_loop",
})  # fmt: skip


def fix(ctx):
    seen = set()
    for name in ctx.names(_KEYWORDS):
        parent = name.parent
        if name.field != "declarator" or parent is None or parent.kind not in _DECLARE or name.text in seen:
            continue
        typed = next((n for n in (parent, *parent.ancestors()) if n.field_child("type") is not None), None)
        if typed is None or typed.kind not in ("function_definition", *_DECLARE):
            continue
        seen.add(name.text)
        message = f"{name.text} is a keyword of C++20, with which torch 2.12 and newer compile"
        yield Finding(ID, name.start, message, "rename it, and every use of it")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_KEYWORDS, removed_in="2.12")
