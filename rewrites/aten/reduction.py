"""Say ``at::Reduction::Mean``.

The enumeration moved into ``at`` with torch 1.2, and ``ElementwiseMean`` became ``Mean`` in 1.0.

Before:
    auto loss = at::mse_loss(x, y, Reduction::ElementwiseMean);
After:
    auto loss = at::mse_loss(x, y, at::Reduction::Mean);
"""

from migrator.rewrite import Change, Edit, Rewrite, settings_floor

ID = "reduction-namespace"
_NAMES = {"None": "None", "Mean": "Mean", "Sum": "Sum", "ElementwiseMean": "Mean"}


def _is_own(ctx) -> bool:
    """Whether the project has something of that name."""
    for path in ctx.project.with_word("Reduction"):
        for leaf in ctx.project.tree(path).names({"Reduction"}):
            parent = leaf.parent
            declares = parent is not None and parent.kind.endswith(("_specifier", "_definition", "declaration"))
            if (declares and leaf.field == "name") or leaf.field == "declarator":
                return True
    return False


def fix(ctx):
    if settings_floor(ctx) < (1, 2):
        return
    found = []
    for scope in ctx.names({"Reduction"}):
        whole = scope.parent
        name = whole.field_child("name") if whole is not None and whole.kind == "qualified_identifier" else None
        if name is None or scope.field != "scope" or name.text not in _NAMES:
            continue
        outer = whole.parent
        inside = outer is not None and outer.kind == "qualified_identifier"
        space = outer.field_child("scope").text if inside and outer.field_child("scope") is not None else None
        edits = [] if name.text == _NAMES[name.text] else [Edit(name.start, name.end, _NAMES[name.text].encode())]
        if not inside:
            edits.append(Edit(scope.start, scope.start, b"at::"))
        elif space != "at":
            continue
        if edits:
            found.append(Change(ID, tuple(edits)))
    if found and not ctx.project.cached(ID, lambda: _is_own(ctx)):
        yield from found


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"Reduction"}), removed_in="1.2")
