"""Check with ``TORCH_CHECK_EQ`` and its kin instead of the glog look-alikes ``CHECK_EQ``, ``DCHECK_EQ``, ``CHECK_NOTNULL``.

torch's headers had macros of glog's names until 1.12; since 1.13 they are called ``TORCH_CHECK_EQ``, ``TORCH_DCHECK_EQ``,
``TORCH_CHECK_NOTNULL`` (c10/util/Exception.h, c10/util/logging_is_not_google_glog.h). The condition and the streamed message stay; a
check that fails ends in a Python exception where it used to abort. ``CHECK`` and ``LOG`` kept their names. Sources that include glog, or
define the macro themselves, are left alone.

Before:
    #include <torch/extension.h>
    void f(at::Tensor a, at::Tensor b) { CHECK_EQ(a.size(0), b.size(0)) << "rows"; }
After:
    #include <torch/extension.h>
    void f(at::Tensor a, at::Tensor b) { TORCH_CHECK_EQ(a.size(0), b.size(0)) << "rows"; }
"""

from migrator.rewrite import Case, Rewrite

_COMPARISONS = ("EQ", "NE", "LE", "LT", "GE", "GT")
_TORCH = ("torch/", "ATen/", "c10/", "TH/", "THC/")


def _torchs_own(match, ctx):
    """The macro comes from torch's headers: no glog in sight and no definition in the project."""
    if ctx.project.macros(match.pattern.anchor):
        return False
    headers = ctx.project.all_includes(ctx.path)
    return any(name.startswith(_TORCH) for name in headers) and not any(name.startswith(("glog/", "gtest/")) for name in headers)


def _case(name: str, arguments: str) -> Case:
    return Case(f"{name}({arguments})", f"TORCH_{name}({arguments})", where=_torchs_own, since="1.13")


rewrite = Rewrite(
    "glog-check",
    __doc__,
    cases=(
        *(_case(f"{debug}CHECK_{comparison}", "$a, $b") for debug in ("", "D") for comparison in _COMPARISONS),
        *(_case(f"{debug}CHECK_NOTNULL", "$a") for debug in ("", "D")),
    ),
    removed_in="1.13",
)
