"""Call ``torch.linalg`` where the solvers of ``torch`` are gone.

``gesv`` is gone since torch 1.2, and ``solve``, its next name, raises since 1.12, ``matrix_rank`` since 1.13, ``symeig`` since 2.0, ``qr``
and ``cholesky`` since 2.14; the methods of a tensor do so too. Other classes have methods of these names: but for ``symeig`` they change
where the source says that it is a tensor. What replaces what is what torch's own messages say, and torchfix's rules TOR001 and TOR101 for
``qr`` and ``cholesky``. ``symeig`` read the upper triangle, ``eigh`` reads the lower one unless it is told. ``solve`` returned the LU
decomposition as well, and ``symeig`` without vectors an empty tensor: the change is made where nothing uses that. ``eig`` and ``lstsq``
return other things than they did: they are reported.

Before:
    import torch
    e, v = torch.symeig(a, eigenvectors=True)
    q, r = torch.qr(a, some=False)
    x = torch.solve(b, a)[0]
    y, _ = torch.solve(c, a)
After:
    import torch
    e, v = torch.linalg.eigh(a, UPLO="U")
    q, r = torch.linalg.qr(a, mode="complete")
    x = torch.linalg.solve(a, b)
    y = torch.linalg.solve(a, c)
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import argument, boolean, cst, plain_arguments
from migrator.python_imports import spelled
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Result, Rewrite, settings_floor
from rewrites.python._tensor import Tensors

ID = "linalg-removed"
_GONE = {
    **{"gesv": "1.2", "solve": "1.12", "matrix_rank": "1.13", "symeig": "2.0", "qr": "2.14", "cholesky": "2.14"},
    **{"eig": "1.13", "lstsq": "1.13"},
}
_METHODS = ("gesv", "solve", "symeig", "qr", "cholesky", "eig", "lstsq")
_OLDER = {  # gone with torch 1.2 or 1.3
    "gels": "torch.linalg.lstsq(A, B).solution",
    "potrf": "torch.linalg.cholesky(A), lower unless upper=True; potrf was upper unless upper=False",
    "potri": "torch.cholesky_inverse(u, upper=True); potri was upper unless upper=False",
    "potrs": "torch.cholesky_solve(b, u, upper=True); potrs was upper unless upper=False",
    "pstrf": "torch.linalg.cholesky; there is no pivoted one",
    "trtrs": "torch.linalg.solve_triangular(A, b, upper=True); trtrs was upper unless upper=False, and returned a pair",
    "btrifact": "torch.linalg.lu_factor(A)",
    "btrisolve": "torch.linalg.lu_solve(LU, pivots, B)",
}
_ADVICE = {
    "eig": "torch.linalg.eig(A), or eigvals(A): complex numbers, not pairs of real ones in two columns",
    "lstsq": "torch.linalg.lstsq(A, B).solution: the arguments change places, and the residuals are a field of their own",
    "gesv": "torch.linalg.solve(A, B), which returns the solution only (torch 1.8)",
    "solve": "torch.linalg.solve(A, B), which returns the solution only (torch 1.8)",
    "symeig": 'torch.linalg.eigh(A, UPLO="U"), or eigvalsh for the values alone (torch 1.8)',
    "qr": 'torch.linalg.qr(A), with mode="complete" for some=False (torch 1.8)',
    "cholesky": "torch.linalg.cholesky(A) (torch 1.8; upper=True since 1.10)",
    "matrix_rank": "torch.linalg.matrix_rank(A, tol=..., hermitian=...) (torch 1.8)",
}


def fix(ctx):
    functions = {f"torch.{n}" for n in (*_GONE, *_OLDER)}
    module = ctx.module if ctx.has("torch") and (ctx.may_use(functions) or ctx.may_call_method(*_METHODS, *_OLDER)) else None
    if module is None:
        return
    for call, name in module.names.calls(functions):
        yield from _call(ctx, module, call, name.removeprefix("torch."), call.args[0].value if call.args else None)
    tensors = Tensors(module)
    for name in (*_METHODS, *_OLDER):
        for call in module.names.method_calls(name):
            owner = call.func.value
            only_torch = name == "symeig" and not (isinstance(owner, cst.Name) and owner.value in ("self", "cls"))
            if only_torch or tensors.kind(owner) is not None:
                yield from _call(ctx, module, call, name, None)


def _call(ctx, module, call: cst.Call, name: str, subject: cst.CSTNode | None) -> Iterator[Result]:
    if name in _OLDER:
        yield Finding(ID, module.start(call), f"torch.{name} is gone since torch 1.3", _OLDER[name])
        return
    if parse(_GONE[name]) > ctx.settings.target:
        return
    method = subject is None and isinstance(call.func, cst.Attribute)
    if method:
        subject = call.func.value
    plain = plain_arguments(call)
    new = None
    if settings_floor(ctx) >= parse("1.8") and plain is not None and subject is not None and argument(call, "out") is None:
        new = _new(ctx, module, call, name, subject, 0 if method else 1)
    if new is None:
        yield Finding(ID, module.start(call), f"torch.{name} is gone since torch {_GONE[name]}", _ADVICE[name])
        return
    node, target, arguments = new
    code = spelled(module, call, f"torch.linalg.{target}")
    if code is None:
        yield Finding(ID, module.start(call), f"torch.{name} is gone since torch {_GONE[name]}", f"torch.linalg.{target}({arguments})")
        return
    edits = [module.replace(node, f"{code[0]}({arguments})"), *code[1]]
    if node is call and target in ("solve", "eigvalsh"):  # x, _ = call
        pair = module.parent(call).targets[0].target
        edits.append(module.replace(pair, module.code(pair.elements[0].value)))
    yield Change(ID, tuple(sorted(edits)))


def _new(ctx, module, call: cst.Call, name: str, subject: cst.CSTNode, first: int) -> tuple[cst.CSTNode, str, str] | None:
    """What is replaced, the function of ``torch.linalg``, and its arguments. ``first``: where the arguments behind the matrix begin."""
    code = module.code(subject)
    if name in ("solve", "gesv"):
        b, a = (subject, argument(call, "A", 0)) if not first else (argument(call, "input", 0), argument(call, "A", 1))
        node = _only_first(module, call, "solution")
        return (node, "solve", f"{module.code(a)}, {module.code(b)}") if a is not None and b is not None and node is not None else None
    if name == "qr":
        some = argument(call, "some", first)
        if some is None or boolean(some) is True:
            return call, "qr", code
        return (call, "qr", f'{code}, mode="complete"') if boolean(some) is False else None
    if name == "cholesky":
        upper = argument(call, "upper", first)
        if upper is not None and boolean(upper) is not False and settings_floor(ctx) < parse("1.10"):
            return None
        return call, "cholesky", code + (f", upper={module.code(upper)}" if upper is not None and boolean(upper) is not False else "")
    if name == "matrix_rank":
        tol, symmetric = argument(call, "tol", first), argument(call, "symmetric", first + 1)
        extra = f", tol={module.code(tol)}" if tol is not None else ""
        return call, "matrix_rank", code + extra + (f", hermitian={module.code(symmetric)}" if symmetric is not None else "")
    if name == "symeig":
        vectors, upper = argument(call, "eigenvectors", first), argument(call, "upper", first + 1)
        known = True if upper is None else boolean(upper)
        if known is None:
            triangle = f'"U" if {module.code(upper)} else "L"'
        else:
            triangle = '"U"' if known else '"L"'
        if boolean(vectors) is True:
            return call, "eigh", f"{code}, UPLO={triangle}"
        if vectors is None or boolean(vectors) is False:
            node = _only_first(module, call, "eigenvalues")
            return (node, "eigvalsh", f"{code}, UPLO={triangle}") if node is not None else None
    return None


def _only_first(module, call: cst.Call, field: str) -> cst.CSTNode | None:
    """``call[0]``, ``call.field`` or the value of ``x, _ = call``: the node that takes the first result and nothing else."""
    above = module.parent(call)
    if isinstance(above, cst.Assign):
        return call if _second_unused(module, above) else None
    if isinstance(above, cst.Attribute) and above.attr.value == field:
        return above
    if isinstance(above, cst.Subscript) and above.value is call and len(above.slice) == 1 and isinstance(above.slice[0].slice, cst.Index):
        index = above.slice[0].slice.value
        return above if isinstance(index, cst.Integer) and index.value == "0" else None
    return None


def _second_unused(module, assign: cst.Assign) -> bool:
    """Whether an assignment is ``x, name = ...`` and nothing in the file uses that name."""
    target = assign.targets[0].target if len(assign.targets) == 1 else None
    if not isinstance(target, cst.Tuple) or len(target.elements) != 2 or not all(isinstance(e, cst.Element) for e in target.elements):
        return False
    first, second = (e.value for e in target.elements)
    if not isinstance(first, cst.Name | cst.Attribute | cst.Subscript) or not isinstance(second, cst.Name):
        return False
    if second.value != "_" and isinstance(module.names.scope_of(assign), cst.Module):
        return False  # another file may import it
    uses = [n for n in module.names.occurrences(second.value) if module.names.is_use(n)]
    return all(_is_target(module, n) for n in uses)


def _is_target(module, node: cst.Name) -> bool:
    """Whether a name is only assigned to where it stands."""
    above = module.parent(node)
    while isinstance(above, cst.Element | cst.Tuple | cst.List):
        above = module.parent(above)
    return isinstance(above, cst.AssignTarget | cst.For | cst.CompFor) and not module.enclosing(node, cst.Subscript, cst.Attribute)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({*_GONE, *_OLDER}), language="python", removed_in="1.2")
