"""What a name is: its declared type, as far as it is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.scope import Scopes
from migrator.source import SourceFile
from migrator.syntax import parse_tree


def type_of_probe(code: str):
    """The type of the argument of ``PROBE(...)``."""
    tree = parse_tree(SourceFile(Path("x.cu"), code.encode()))
    leaf = next(tree.names({"PROBE"}))
    return Scopes(tree).type_of(leaf.parent.field_child("arguments").named[0])


def spelt(type) -> str | None:
    return None if type is None else type.base + "*" * type.pointers + (" (template)" if type.template else "")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("void f(const at::Tensor &x) { PROBE(x); }", "at::Tensor"),
        ("void f(at::Tensor *x) { PROBE(x); PROBE(x); }", "at::Tensor*"),
        ("void f(at::Tensor *x) { PROBE(*x); }", "at::Tensor"),
        ("void f(float *__restrict__ x) { PROBE(x + 1); }", "float*"),
        ("void f(const unsigned int *x) { PROBE(&x[3]); }", "unsigned int*"),
        ("void f() { unsigned long long *x = 0; PROBE(x); }", "unsigned long long*"),
        ("template <typename T> void f(T *x) { PROBE(x + 2 * 3); }", "T* (template)"),
        ("template <typename T> void f(T *x) { T *y = x + 1; PROBE(&y[0]); }", "T* (template)"),
        ("template <typename T> struct S { T *data; void f() { PROBE(data); } };", "T* (template)"),
        ("void f(int x) { { float x; } PROBE(x); }", "int"),
        ("void f(int x) { { float x; PROBE(x); } }", "float"),
        ("int x; void f() { PROBE(x); }", "int"),
        ("void f() { PROBE(x); int x; }", None),
        ("void f() { for (long i = 0; i < 3; i++) PROBE(i); }", "long"),
        ("void f(std::vector<at::Tensor> v) { for (at::Tensor t : v) PROBE(t); }", "at::Tensor"),
        ("void f(std::vector<at::Tensor> v) { PROBE(v[0]); }", "at::Tensor"),
        ("void f(at::Tensor x) { auto y = x.contiguous(); PROBE(y); }", "at::Tensor"),
        ("void f() { auto y = at::zeros({2}); PROBE(y); }", "at::Tensor"),
        ("void f(at::Tensor x) { auto p = x.data_ptr<float>(); PROBE(p); }", "float*"),
        ("void f(at::Tensor x) { PROBE(x.sizes()); }", None),
        ("void f(void *p) { PROBE((float *)p); }", "float*"),
        ("void f(void *p) { PROBE(static_cast<int *>(p)); }", "int*"),
        ("struct S { at::Tensor x; }; void f(const S &s) { PROBE(s.x); }", "at::Tensor"),
        ("struct S { at::Tensor x; }; void f(S *s) { PROBE(s->x); }", "at::Tensor"),
        ("at::Tensor g(int n); void f() { PROBE(g(3)); }", "at::Tensor"),
        ("void f(c10::optional<at::Tensor> x) { PROBE(x.value()); }", "at::Tensor"),
        ("void f() { auto g = [](double *p) { PROBE(p); }; }", "double*"),
        ("void f(int n) { PROBE(n > 0 ? n : 1); }", "int"),
        ("#define M(x) PROBE(x)\n", None),
        ("extern \"C\" { void f(int *p) { PROBE(p); } }", "int*"),
        ("namespace a { int x; namespace b { void f() { PROBE(x); } } }", "int"),
        ("#ifdef A\nint x;\n#endif\nvoid f() { PROBE(x); }", "int"),
        ("__global__ void f(at::Half *h) { if (auto y = h) PROBE(h); }", "at::Half*"),
    ],
)  # fmt: skip
def test_type_of(code, expected):
    assert spelt(type_of_probe(code)) == expected


@pytest.mark.parametrize("text", ["at::Tensor", "torch::Tensor", "Tensor", "Variable", "const at::Tensor &", "c10::optional<at::Tensor>", "std::optional<torch::Tensor>"])
def test_tensors(text):
    assert type_of_probe(f"void f({text} x) {{ PROBE(x); }}").is_tensor


@pytest.mark.parametrize("text", ["paddle::Tensor", "at::TensorAccessor<float, 2>", "std::vector<at::Tensor>", "float", "THCudaTensor"])
def test_not_tensors(text):
    assert not type_of_probe(f"void f({text} x) {{ PROBE(x); }}").is_tensor
