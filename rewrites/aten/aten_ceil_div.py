"""Divide and round up with ``at::ceil_div`` instead of ``at::cuda::ATenCeilDiv``.

The old name lives on in ``ATen/cuda/CUDAApplyUtils.cuh`` only for compatibility since torch 1.11 (pytorch/pytorch#65472).

Before:
    dim3 grid(at::cuda::ATenCeilDiv(n, 512));
After:
    #include <ATen/ceil_div.h>
    dim3 grid(at::ceil_div(n, 512));
"""

from migrator.rewrite import Case, Rewrite


def _not_own(match, ctx):
    return not ctx.project.has_function("ATenCeilDiv") and not ctx.project.macros("ATenCeilDiv")


rewrite = Rewrite(
    "aten-ceil-div",
    __doc__,
    cases=(
        Case("at::cuda::ATenCeilDiv($a, $b)", "at::ceil_div($a, $b)", "ATen/ceil_div.h", _not_own, since="1.11"),
        Case("cuda::ATenCeilDiv($a, $b)", "at::ceil_div($a, $b)", "ATen/ceil_div.h", _not_own, since="1.11"),
        Case("ATenCeilDiv($a, $b)", "at::ceil_div($a, $b)", "ATen/ceil_div.h", _not_own, since="1.11"),
        Case("at::cuda::ATenCeilDiv<$T>($a, $b)", "at::ceil_div<$T>($a, $b)", "ATen/ceil_div.h", _not_own, since="1.11"),
    ),
    deprecated_in="1.11",
    link="https://github.com/pytorch/pytorch/pull/65472",
)
