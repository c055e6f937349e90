"""Ask a tensor's methods instead of the fields of a TH tensor.

The struct went with torch 1.11 (pytorch/pytorch#65492).

Before:
    void f(THCudaTensor *x) { g(x->size[0], x->stride[1], x->nDimension); }
After:
    void f(THCudaTensor *x) { g(x.size(0), x.stride(1), x.dim()); }
"""

import re

from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.ffi import _th

ID = "ffi-tensor-field"
_FIELDS = {"nDimension": "dim()", "storageOffset": "storage_offset()", "dim_": "dim()"}
_METHODS = {"dim", "size", "stride", "numel", "is_empty", "_dim"}


_MEMBERS = frozenset({"size", "stride", "nDimension", "storageOffset", "dim_", "storage", "dim", "numel", "_dim"})
_ARROW = re.compile(rb"->\s*(?:" + "|".join(sorted(_MEMBERS)).encode() + rb")\b")


def fix(ctx):
    if not ctx.spells(_ARROW):
        return
    for name in ctx.names(_MEMBERS):
        field = name.parent
        if field is None or field.kind != "field_expression" or name.field != "field":
            continue
        owner, arrow = field.field_child("argument"), next((c for c in field.children if c.kind in ("->", ".")), None)
        if owner is None or arrow is None or arrow.kind != "->" or not _th.is_tensor(ctx.type_of(owner)):
            continue
        parent = field.parent
        start = owner.end if not ctx.file.data[owner.end : arrow.start].strip() else arrow.start
        if name.text in _FIELDS:
            new = "numel()" if _FIELDS[name.text] == "dim()" and _th.asks_for_emptiness(field) else _FIELDS[name.text]
            yield Change(ID, (Edit(start, name.end, b"." + new.encode()),))
        elif name.text == "storage" and _th.asks_for_memory(field):
            yield Change(ID, (Edit(start, name.end, b".data_ptr()"),))
        elif name.text in ("size", "stride") and parent is not None and parent.kind == "subscript_expression":
            brackets = [c for n in parent.children if n.start >= field.end for c in (n, *n.children) if c.kind in ("[", "]")]
            if len(brackets) >= 2:
                yield Change(
                    ID,
                    (
                        Edit(start, brackets[0].end, b"." + name.text.encode() + b"("),
                        Edit(brackets[-1].start, brackets[-1].end, b")"),
                    ),
                )
        elif name.text in _METHODS and parent is not None and parent.kind == "call_expression":
            new = b"dim" if name.text == "_dim" else name.text.encode()
            yield Change(ID, (Edit(start, name.end, b"." + new),))
        else:
            yield Finding(
                ID,
                name.start,
                f"the field {name.text} of a TH tensor",
                {"storage": "x.storage(), or x.data_ptr<T>()"}.get(name.text, f"x.{name.text}s()"),
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_th.TENSOR_TYPES | {"Tensor"}, removed_in="1.11", link=_th.LINK)
