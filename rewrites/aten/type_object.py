"""Name device and element type in options, not through a type object.

``at::CUDA(at::kFloat)`` still converts to options where options stand, but sizes come first since torch 1.0, and
it makes no tensors itself any more.

Before:
    auto y = at::zeros(torch::CUDA(at::kFloat), {n, m});
    auto z = at::CUDA(at::kFloat).tensor({n});
After:
    auto y = at::zeros({n, m}, at::device(at::kCUDA).dtype(at::kFloat));
    auto z = at::empty({n}, at::device(at::kCUDA).dtype(at::kFloat));
"""

from migrator.rewrite import Case, Rewrite

_CASES = []
for space in ("at", "torch"):
    for kind in ("CUDA", "CPU"):
        options = f"at::device(at::k{kind}).dtype($k)"
        for factory in ("zeros", "ones", "empty", "rand", "randn"):
            for outer in ("at", "torch"):
                _CASES.append(Case(f"{outer}::{factory}({space}::{kind}($k), $sizes)", f"{outer}::{factory}($sizes, {options})"))
        for outer in ("at", "torch"):
            _CASES.append(Case(f"{outer}::full({space}::{kind}($k), $sizes, $value)", f"{outer}::full($sizes, $value, {options})"))
        _CASES.append(Case(f"{space}::{kind}($k).tensor()", f"at::empty({{0}}, {options})"))
        for old, new in (("tensor", "empty"), ("zeros", "zeros"), ("ones", "ones"), ("empty", "empty")):
            _CASES.append(Case(f"{space}::{kind}($k).{old}($sizes)", f"at::{new}($sizes, {options})"))

        _CASES.append(Case(f"{space}::{kind}($k).tensorFromBlob($$$args)", f"at::from_blob($$$args, {options})"))
        _CASES.append(Case(f"{space}::{kind}($k).scalarTensor($value)", f"at::scalar_tensor($value, {options})", since="1.1"))
        _CASES.append(Case(f"{space}::{kind}($k).elementSizeInBytes()", "at::elementSize($k)"))

rewrite = Rewrite("type-object", __doc__, cases=tuple(_CASES), removed_in="1.0")
