"""Write plain operators instead of ``THCNumerics`` and ``ScalarConvert``.

Removed in torch 1.11 (pytorch/pytorch#65492). ``at::Half`` has the operators that ``THCNumerics<half>`` stood in for, computed in float
like there.

Before:
    float y = ScalarConvert<int, float>::to(n);
    bool b = THCNumerics<float>::lt(x, y);
After:
    float y = static_cast<float>(n);
    bool b = (x < y);
"""

from dataclasses import replace

from migrator.rewrite import Case, Rewrite

_BINARY = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "add": "+", "sub": "-", "mul": "*", "div": "/"}
_UNARY = {"exp": "exp", "log": "log", "sqrt": "sqrt", "cos": "cos", "sin": "sin", "tanh": "tanh", "floor": "floor", "ceil": "ceil", "rsqrt": "rsqrt"}


def _not_own(match, ctx):
    """Whether the project has no class of this name itself (a specialisation is no such class)."""
    word = "ScalarConvert" if match.pattern.text.startswith("ScalarConvert") else "THCNumerics"
    return not ctx.project.cached(("thc-numerics", word), lambda: _declared(ctx.project, word))


def _declared(project, word) -> bool:
    return any(
        leaf.field == "name" and leaf.parent.kind in ("struct_specifier", "class_specifier") and leaf.parent.field_child("body") is not None
        for path in project.with_word(word)
        for leaf in project.tree(path).names({word})
    )


_CASES = (
    Case("ScalarConvert<$A, $B>::to($x)", "static_cast<$B>($x)"),
    *(Case(f"THCNumerics<$T>::{name}($a, $b)", f"($a {op} $b)") for name, op in _BINARY.items()),
    *(Case(f"THCNumerics<$T>::{name}($x)", f"::{new}($x)") for name, new in _UNARY.items()),
    Case("THCNumerics<$T>::neg($x)", "(-$x)"),
    Case("THCNumerics<$T>::min()", "at::numeric_limits<$T>::lowest()", "ATen/cuda/NumericLimits.cuh"),
    Case("THCNumerics<$T>::max()", "at::numeric_limits<$T>::max()", "ATen/cuda/NumericLimits.cuh"),
    Case("THCNumerics<$T>::lower_bound()", "at::numeric_limits<$T>::lower_bound()", "ATen/cuda/NumericLimits.cuh"),
    Case("THCNumerics<$T>::upper_bound()", "at::numeric_limits<$T>::upper_bound()", "ATen/cuda/NumericLimits.cuh"),
    Case("THCNumerics<$T>::isnan($x)", "at::_isnan($x)", "ATen/NumericUtils.h", since="1.1"),
    Case("THCNumerics<$T>::isinf($x)", "at::_isinf($x)", "ATen/NumericUtils.h", since="1.11"),
)

rewrite = Rewrite(
    "thc-numerics",
    __doc__,
    cases=tuple(replace(case, where=_not_own) for case in _CASES),
    removed_in="1.11",
    link="https://github.com/pytorch/pytorch/pull/65492",
)
