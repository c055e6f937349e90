"""Linear algebra that was renamed, where the successor is certain: the rest is left to the audit.

One rewrite each, for the function and for the method of a tensor. What the old defaults were is written out where the new ones differ.
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

_UPLO = {None: '"U"', "true": '"U"', "false": '"L"'}


def _operands(ctx, call) -> tuple[object | None, list] | None:
    """(the tensor a method is called on or None, the other arguments); None where it is not torch's function."""
    if call.callee.kind == "field_expression":
        receiver = call.callee.field_child("argument")
        type = ctx.type_of(receiver) if receiver is not None else None
        if type is None or not type.is_tensor or type.pointers or any(c.kind == "->" for c in call.callee.children):
            return None
        return receiver, list(call.args)
    if call.qualified.removeprefix("::") not in (f"at::{call.name.text}", f"torch::{call.name.text}") or not call.args:
        return None
    return None, list(call.args)


def _as_function(call, receiver, new: str) -> list[Edit]:
    """The edits that call ``at::new`` on the same operands, a method's receiver first."""
    if receiver is None:
        return [Edit(call.name.start, call.name.end, new.encode())]
    between = b", " if call.args else b""
    return [Edit(receiver.start, receiver.start, f"at::{new}(".encode()), Edit(receiver.end, call.list.start + 1, between)]


def _cholesky(call, receiver, rest):
    return _as_function(call, receiver, "linalg_cholesky")


def _qr(call, receiver, rest):
    some = rest[0].text if rest else None
    if some is None:
        return _as_function(call, receiver, "linalg_qr")
    if some not in ("true", "false"):
        return None
    mode = '"reduced"' if some == "true" else '"complete"'
    return [*_as_function(call, receiver, "linalg_qr"), Edit(rest[0].start, rest[0].end, mode.encode())]


def _symeig(call, receiver, rest):
    vectors, upper = (rest[0].text if rest else None), (rest[1].text if len(rest) > 1 else None)
    if upper not in _UPLO:
        return None
    triangle = _UPLO[upper].encode()
    if vectors == "true":
        return [*_as_function(call, receiver, "linalg_eigh"), Edit(rest[0].start, rest[-1].end, triangle)]
    # without vectors there is one result, not two: only where the first is taken
    outer = call.node.parent.parent if call.node.parent is not None else None
    function = outer.field_child("function") if outer is not None and outer.kind == "call_expression" else None
    if vectors not in (None, "false") or function is None or "".join(function.text.split()) != "std::get<0>":
        return None
    edits = [Edit(outer.start, call.node.start, b""), *_as_function(call, receiver, "linalg_eigvalsh")]
    if rest:
        edits.append(Edit(rest[0].start, rest[-1].end, triangle))
    else:
        end = call.node.end - 1
        edits.append(Edit(end, end, b", " + triangle))
    return [*edits, Edit(call.node.end, outer.end, b"")]


def _same(new: str):
    def make(call, receiver, rest):
        return _as_function(call, None, new)

    return make


def _upper(new: str, others: int):
    """The same function under a new name, whose last argument was true by default and is false now."""

    def make(call, receiver, rest):
        edits = _as_function(call, receiver if new.startswith("linalg_") else None, new)
        if len(rest) == others:
            end = call.node.end - 1
            edits.append(Edit(end, end, (b", " if call.args or new.startswith("linalg_") else b"") + b"/*upper=*/true"))
        return edits

    return make


def _rewrite(old, make, since, detail, before, after, advice="", **releases):
    def fix(ctx):
        if settings_floor(ctx) < tuple(map(int, since.split("."))) or ctx.project.macros(old):
            return
        for name in ctx.names({old}):
            call = call_of(name)
            operands = _operands(ctx, call) if call is not None and call.node.tree.file is ctx.file else None
            if operands is None:
                continue
            receiver, arguments = operands
            edits = make(call, receiver, arguments if receiver is not None else arguments[1:])
            if edits is not None:
                yield Change(old, tuple(edits))
            else:
                message = f"{old} is gone, and these arguments do not say which form of its successor is meant"
                yield Finding(old, name.start, message, advice)

    doc = f"{detail}\n\nBefore:\n    {before}\nAfter:\n    {after}\n"
    return Rewrite(old, doc, fix=fix, triggers=frozenset({old}), **releases)


rewrites = [
    _rewrite(
        "cholesky", _cholesky, "1.8",
        "Call ``at::linalg_cholesky`` instead of ``at::cholesky``.\n\n"
        "Removed in torch 2.14; the new function has the same argument ``upper``.",
        "auto l = at::cholesky(x);", "auto l = at::linalg_cholesky(x);", removed_in="2.14",
    ),
    _rewrite(
        "qr", _qr, "1.8",
        "Call ``at::linalg_qr`` instead of ``at::qr``.\n\n"
        "Removed in torch 2.14. ``some`` became the mode: reduced, as by default, or complete.",
        "auto factors = at::qr(x, false);", 'auto factors = at::linalg_qr(x, "complete");',
        'at::linalg_qr(x, some ? "reduced" : "complete")', removed_in="2.14",
    ),
    _rewrite(
        "symeig", _symeig, "1.8",
        "Call ``at::linalg_eigh`` instead of ``at::symeig``.\n\n"
        "Removed in torch 2.0. The old default was the upper triangle, the new one is the lower. Without "
        "vectors ``at::linalg_eigvalsh``, where the values alone are taken from the result.",
        "auto pairs = at::symeig(x, true);", 'auto pairs = at::linalg_eigh(x, "U");',
        'at::linalg_eigh(x, "U") for values and vectors, at::linalg_eigvalsh(x, "U") for the values alone', removed_in="2.0",
    ),
    _rewrite(
        "trtrs", _same("triangular_solve"), "1.1",
        "Call ``at::triangular_solve`` instead of ``at::trtrs``.\n\nRenamed in torch 1.1, with the same arguments.",
        "auto solution = at::trtrs(y, x);", "auto solution = at::triangular_solve(y, x);", removed_in="1.1",
    ),
    _rewrite(
        "potrs", _upper("cholesky_solve", 1), "1.1",
        "Call ``at::cholesky_solve`` instead of ``at::potrs``.\n\nRenamed in torch 1.1; ``upper`` was true by default and is false now.",
        "auto solution = at::potrs(y, x);", "auto solution = at::cholesky_solve(y, x, /*upper=*/true);", removed_in="1.1",
    ),
    _rewrite(
        "potri", _upper("cholesky_inverse", 0), "1.1",
        "Call ``at::cholesky_inverse`` instead of ``at::potri``.\n\nRenamed in torch 1.1; ``upper`` was true by default and is false now.",
        "auto inverse = at::potri(x);", "auto inverse = at::cholesky_inverse(x, /*upper=*/true);", removed_in="1.1",
    ),
    _rewrite(
        "potrf", _upper("linalg_cholesky", 0), "1.8",
        "Call ``at::linalg_cholesky`` instead of ``at::potrf``.\n\nRenamed in torch 1.0; ``upper`` was true by default and is false now.",
        "auto factor = at::potrf(x);", "auto factor = at::linalg_cholesky(x, /*upper=*/true);", removed_in="1.0",
    ),
]  # fmt: skip
