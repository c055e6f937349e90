"""Call the functions of ``torch.fft``: it is a module.

``torch.rfft``, ``irfft``, ``fft`` and ``ifft`` are gone since torch 1.8. They took and returned real tensors with pairs in the last
dimension; ``view_as_real`` and ``view_as_complex`` keep those. The number of dimensions and the flags have to stand in the source.

Before:
    import torch
    spectrum = torch.rfft(image, 2, onesided=False)
    half = torch.rfft(image, 1, normalized=True)
After:
    import torch
    spectrum = torch.view_as_real(torch.fft.fftn(image, dim=(-2, -1)))
    half = torch.view_as_real(torch.fft.rfftn(image, dim=(-1,), norm="ortho"))
"""

from __future__ import annotations

from migrator.python import argument, boolean, cst, plain_arguments
from migrator.python_imports import spelled
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "fft-function"
_NAMES = {"torch.rfft", "torch.irfft", "torch.fft", "torch.ifft"}
_ADVICE = "the functions of torch.fft (rfftn, irfftn, fftn, ifftn), which return complex tensors"


def fix(ctx):
    module = ctx.module if ctx.may_use(_NAMES) else None
    if module is None:
        return
    for call, name in module.names.calls(_NAMES):
        old = name.removeprefix("torch.")
        root = spelled(module, call, "torch.fft") if settings_floor(ctx) >= parse("1.8") else None
        new = _new(module, call, old, root[0].removesuffix(".fft")) if root is not None and root[0].endswith(".fft") else None
        if new is None or root is None:
            yield Finding(ID, module.start(call), f"torch.{old} is no function since torch 1.8", _ADVICE)
        else:
            yield Change(ID, (module.replace(call, new), *root[1]))


def _new(module, call: cst.Call, old: str, torch: str) -> str | None:
    """The new call; ``torch`` is how the file spells the package."""
    x, ndim = argument(call, "input", 0), argument(call, "signal_ndim", 1)
    if plain_arguments(call) is None or x is None or not isinstance(ndim, cst.Integer) or ndim.value not in ("1", "2", "3"):
        return None
    normalized = argument(call, "normalized", 2)
    onesided = argument(call, "onesided", 3) if old in ("rfft", "irfft") else None
    sizes = argument(call, "signal_sizes", 4) if old == "irfft" else None
    norm = False if normalized is None else boolean(normalized)
    one = True if onesided is None else boolean(onesided)
    if norm is None or one is None or (sizes is not None and not one):
        return None
    n = int(ndim.value)
    dims = "(-1,)" if n == 1 else "(" + ", ".join(str(-i) for i in range(n, 0, -1)) + ")"
    tail = f"dim={dims}" + (', norm="ortho"' if norm else "")
    code = module.code(x)
    if old == "rfft":
        return f"{torch}.view_as_real({torch}.fft.{'rfftn' if one else 'fftn'}({code}, {tail}))"
    if not isinstance(x, cst.Name | cst.Attribute | cst.Call | cst.Subscript):
        code = f"({code})"
    pairs = f"{torch}.view_as_complex({code}.contiguous())"
    if old != "irfft":
        return f"{torch}.view_as_real({torch}.fft.{old}n({pairs}, {tail}))"
    if not one:
        return f"{torch}.fft.ifftn({pairs}, {tail}).real"
    size = f"s={module.code(sizes)}, " if sizes is not None else ""
    return f"{torch}.fft.irfftn({pairs}, {size}{tail})"


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"rfft", "irfft", "fft", "ifft"}), language="python", removed_in="1.8")
