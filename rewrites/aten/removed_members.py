"""Members and functions of ATen that went, where the successor is certain.

One rewrite each; the releases are read from the headers (``cuport api NAME``).
"""

from migrator.rewrite import Case, Rewrite


def _tensor(match, ctx):
    """Whether ``$x`` is a tensor, as far as that can be known: a name of another type is left alone."""
    type = ctx.type_of(match["$x"])
    return type is not None and type.is_tensor


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
        "cholesky",
        "Call ``at::linalg_cholesky`` instead of ``at::cholesky``.",
        "Removed in torch 2.14; the new function has the same argument ``upper``.",
        "auto l = at::cholesky(x);",
        "auto l = at::linalg_cholesky(x);",
        *(Case(f"{space}::cholesky($$$args)", f"{space}::linalg_cholesky($$$args)", since="1.8") for space in ("at", "torch")),
        removed_in="2.14",
    ),
    _rewrite(
        "jit-register-operators",
        "Register operators through ``torch::RegisterOperators``.",
        "The class with this constructor left ``torch::jit`` in torch 1.4.",
        'static auto registry = torch::jit::RegisterOperators("own::f", &f);',
        'static auto registry = torch::RegisterOperators("own::f", &f);',
        Case("torch::jit::RegisterOperators($name, $f)", "torch::RegisterOperators($name, $f)", since="1.2"),
        removed_in="1.4",
    ),
]
