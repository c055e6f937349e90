"""Divide and round up with ``at::ceil_div`` instead of ``THCCeilDiv``.

``THCCeilDiv`` and ``THCRoundUp`` were removed in torch 1.11 (pytorch/pytorch#65472); ``at::cuda::ATenCeilDiv`` still compiles.
All of them want both arguments of one type.

Before:
    dim3 grid(THCCeilDiv(n, 512));
After:
    #include <ATen/ceil_div.h>
    dim3 grid(at::ceil_div(n, 512));
"""

from migrator.rewrite import Case, Rewrite

HEADER = "ATen/ceil_div.h"


def _not_own(match, ctx):
    name = match.pattern.anchor
    return not ctx.project.has_function(name) and not ctx.project.macros(name)


rewrite = Rewrite(
    "thc-ceil-div",
    __doc__,
    cases=(
        Case("THCCeilDiv($a, $b)", "at::ceil_div($a, $b)", HEADER, _not_own, since="1.11"),
        Case("THCCeilDiv($a, $b)", "at::cuda::ATenCeilDiv($a, $b)", "ATen/cuda/CUDAApplyUtils.cuh", _not_own),
        Case("THCCeilDiv<$T>($a, $b)", "at::ceil_div<$T>($a, $b)", HEADER, _not_own, since="1.11"),
        Case("THCCeilDiv<$T>($a, $b)", "at::cuda::ATenCeilDiv<$T>($a, $b)", "ATen/cuda/CUDAApplyUtils.cuh", _not_own),
        Case("THCRoundUp($a, $b)", "at::round_up($a, $b)", HEADER, _not_own, since="1.11"),
        Case("THCRoundUp<$T>($a, $b)", "at::round_up<$T>($a, $b)", HEADER, _not_own, since="1.11"),
        Case("THCRoundUp($a, $b)", "cuport::round_up($a, $b)", (), _not_own, compat="round-up"),
        Case("THCRoundUp<$T>($a, $b)", "cuport::round_up<$T>($a, $b)", (), _not_own, compat="round-up"),
    ),
    removed_in="1.11",
    link="https://github.com/pytorch/pytorch/pull/65472",
)
