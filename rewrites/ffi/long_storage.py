"""Hold sizes in a ``std::vector<int64_t>`` instead of a ``THLongStorage``.

Removed in torch 1.11 (pytorch/pytorch#65492).

Before:
    #include <vector>
    THLongStorage *size = THLongStorage_newWithSize2(n, m);
    x.resize_(size);
    THLongStorage_free(size);
After:
    #include <vector>
    std::vector<int64_t> size = {n, m};
    x.resize_(size);
"""

from migrator.calls import call_of, remove_statement, statement_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.ffi import _th
from rewrites.ffi.tensor_type import _declaration

ID = "ffi-long-storage"
_TEMPLATES = {
    "newWithSize": ("std::vector<int64_t>($0)",),
    "new": ("std::vector<int64_t>()",),
    "data": ("$0.data()",),
    "size": ("(int64_t)$0.size()",),
    "set": ("$0[$1] = $2",),
    "get": ("$0[$1]",),
    "fill": ("$0.assign($0.size(), $1)",),
    "resize": ("$0.resize($1)",),
    "copy": ("$0 = $1",),
    "newWithSize1": ("std::vector<int64_t>{$0}",),
    "newWithSize2": ("std::vector<int64_t>{$0, $1}",),
    "newWithSize3": ("std::vector<int64_t>{$0, $1, $2}",),
    "newWithSize4": ("std::vector<int64_t>{$0, $1, $2, $3}",),
}
_WORDS = frozenset(f"THLongStorage_{name}" for name in (*_TEMPLATES, "free", "retain"))


def fix(ctx):
    for name in ctx.names(_WORDS):
        call = call_of(name)
        if call is None:
            continue
        function = name.text.split("_", 1)[1]
        args = list(call.args)
        if function in ("free", "retain"):
            statement = statement_of(call.node)
            if statement is not None:
                yield Change(ID, (remove_statement(statement),))
            continue
        template = _TEMPLATES[function][0]
        arity = max((int(i) + 1 for i in _th._PIECE.findall(template)), default=0)
        if arity != len(args):
            yield Finding(ID, name.start, f"{name.text} with an argument list that cuport does not know", "use a std::vector<int64_t>")
            continue
        for i, arg in enumerate(args):
            if "{" in template and _th.narrow(ctx, arg):
                template = template.replace(f"${i}", f"(int64_t)(${i})")
        parent = call.node.parent
        if template.startswith("std::vector<int64_t>{") and parent is not None and parent.kind == "init_declarator":
            template = template.removeprefix("std::vector<int64_t>")
        yield Change(ID, _th.as_template(call, args, template), ("vector",))
    for name in ctx.names({"data", "size"}):
        field = name.parent
        if field is None or field.kind != "field_expression" or name.field != "field":
            continue
        owner, arrow = field.field_child("argument"), next((c for c in field.children if c.kind == "->"), None)
        if owner is None or arrow is None:
            continue
        type = ctx.type_of(owner)
        if type is None or not (type.base == "THLongStorage" and type.pointers == 1):
            continue
        if name.text == "data" and field.parent is not None and field.parent.kind == "subscript_expression":
            yield Change(ID, (Edit(arrow.start, name.end, b""),))
        else:
            yield Change(ID, (Edit(arrow.start, name.end, b"." + name.text.encode() + b"()"),))
    for leaf in ctx.names({"THLongStorage"}):
        edits = _declaration(leaf)
        if edits is None:
            yield Finding(ID, leaf.start, "THLongStorage is used in a way that cuport does not know", "use a std::vector<int64_t>")
            continue
        edits = tuple(Edit(e.start, e.end, b"std::vector<int64_t>") if e.text == b"at::Tensor" else e for e in edits)
        yield Change(ID, edits, ("vector",))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_WORDS | {"THLongStorage"}, removed_in="1.11", link=_th.LINK)
