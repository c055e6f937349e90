"""Members and functions of ATen that went, where the successor is certain.

One rewrite each; the releases are read from the headers (``cuport api NAME``).
"""

from migrator.rewrite import Case, Rewrite


def _tensor(match, ctx):
    """Whether ``$x`` is a tensor, as far as that can be known: a name of another type is left alone."""
    type = ctx.type_of(match["$x"])
    return type is not None and type.is_tensor


def _plain_tensor(match, ctx):
    """Whether ``$x`` is a tensor that can be named twice."""
    return match["$x"].kind == "identifier" and _tensor(match, ctx)


def _rewrite(id, title, detail, before, after, *cases, **releases):
    doc = f"{title}\n\n{detail}\n\nBefore:\n    {before}\nAfter:\n    {after}\n"
    return Rewrite(id, doc, cases=cases, **releases)


rewrites = [
    _rewrite(
        "is-variable",
        "Do not ask whether a tensor is a variable.",
        "Every tensor is one since torch 1.4; ``is_variable()`` was removed in 2.14.",
        "bool f(at::Tensor x) { return x.is_variable(); }",
        "bool f(at::Tensor x) { return true; }",
        Case("$x.is_variable()", "true", where=_tensor),
        removed_in="2.14",
    ),
    _rewrite(
        "grad-assignment",
        "Assign to ``mutable_grad()``.",
        "``grad()`` returns a constant reference since torch 1.7.",
        "void f(at::Tensor x, at::Tensor g) { x.grad() = g; }",
        "void f(at::Tensor x, at::Tensor g) { x.mutable_grad() = g; }",
        Case("$x.grad() = $g", "$x.mutable_grad() = $g", where=_tensor, since="1.7"),
        removed_in="1.7",
    ),
    _rewrite(
        "storage-data",
        "Take the pointer from the storage's bytes.",
        "``Storage::data<T>()`` was removed in torch 2.1.",
        "float *f(at::Tensor x) { return x.storage().data<float>(); }",
        "float *f(at::Tensor x) { return static_cast<float *>(x.storage().mutable_data()); }",
        Case("$x.storage().data<$T>()", "static_cast<$T *>($x.storage().mutable_data())", where=_tensor, since="2.1"),
        removed_in="2.1",
    ),
    _rewrite(
        "storage-size",
        "Count the elements of a storage by its bytes.",
        "``Storage::size()`` was removed in torch 1.6, when storages lost their element type.",
        "int64_t f(at::Tensor x) { return x.storage().size(); }",
        "int64_t f(at::Tensor x) { return static_cast<int64_t>(x.storage().nbytes() / x.element_size()); }",
        Case(
            "$x.storage().size()",
            "static_cast<int64_t>($x.storage().nbytes() / $x.element_size())",
            where=_plain_tensor,
            since="1.6",
        ),
        removed_in="1.6",
    ),
]
