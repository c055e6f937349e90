"""Ask for infinity by ``std::numeric_limits``, not by ``at::inf``.

Removed in torch 2.11, with the specialisations of ``ATen/cuda/NumericLimits.cuh`` that used it. Copies of that header keep theirs, open
``namespace at``, and find the name without a scope.

Before:
    float upper() { return static_cast<float>(at::inf); }
After:
    #include <limits>
    float upper() { return static_cast<float>(std::numeric_limits<double>::infinity()); }
"""

import re

from migrator.rewrite import Change, Edit, Rewrite

ID = "at-inf"
_SPELT = re.compile(rb"\bnamespace\s+at\b|\bat\s*::\s*inf\b")
_SCOPE = re.compile(rb"(?:::\s*)?\bat\s*::\s*\Z")


def fix(ctx):
    if not ctx.spells(_SPELT):
        return
    for name in ctx.names({"inf"}):
        if name.kind != "identifier" or _is_declared(ctx, name):
            continue
        scope = _SCOPE.search(ctx.file.data, max(0, name.start - 40), name.start)
        if scope is not None:
            start = scope.start()
        elif name.parent is not None and name.parent.kind != "qualified_identifier" and _in_at(name):
            start = name.start
        else:
            continue
        yield Change(ID, (Edit(start, name.end, b"std::numeric_limits<double>::infinity()"),), ("limits",))


def _in_at(name) -> bool:
    space = name.enclosing("namespace_definition")
    while space is not None:
        own = space.field_child("name")
        if own is not None and own.text.split("::")[0].strip() == "at":
            return True
        space = space.enclosing("namespace_definition") if space.parent is not None else None
    return False


def _is_declared(ctx, name) -> bool:
    """Whether the project has an ``inf`` of its own."""
    if ctx.project.macros("inf") or ctx.project.has_function("inf") or ctx.scopes.lookup("inf", name) is not None:
        return True
    return ctx.project.cached(
        ID,
        lambda: any(leaf.field in ("declarator", "name") and leaf.parent.kind not in ("qualified_identifier",)
                    for path in ctx.project.with_word("inf") for leaf in ctx.project.tree(path).names({"inf"})),
    )  # fmt: skip


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"inf"}), removed_in="2.11", link="https://github.com/pytorch/pytorch/releases/tag/v2.11.0")
