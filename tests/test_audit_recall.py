"""What the benchmark of the audit reads out of compilers' errors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.complaints import complaints

NVCC = """\
In file included from src/op.h:3,
                 from src/op.cu:1:
{stubs}/THC/THC.h:1:2: warning: #warning cuport-absent THC/THC.h [-Wcpp]
src/op.cu(12): error: identifier "AT_CHECK" is undefined
    AT_CHECK(x.is_cuda());
    ^

src/op.cu(14): error: class "at::Tensor" has no member "gesv"
src/op.cu(15): error #135-D: namespace "at::cuda" has no member "CUDA_tensor_apply3<float>"
/headers/ATen/core/TensorBase.h(400): error: static assertion failed
          detected during instantiation of "T *at::TensorBase::data() [with T=long]" at line 16 of src/op.cu

/headers/ATen/core/Scalar.h(1): error: incomplete type "Thing" is not allowed

src/op.cu(20): error: expected a ";"
"""
GCC = """\
src/op.cpp: In function 'void f()':
src/op.cpp:4:3: error: 'THCState' was not declared in this scope; did you mean 'State'?
src/op.cpp:5:7: error: 'gesv' is not a member of 'at'
src/op.cpp:6:9: error: 'class at::Tensor' has no member named 'symeig'
src/op.cpp:6:9: error: 'class at::Tensor' has no member named 'symeig'
src/op.cpp:7:1: error: 'IntList' in namespace 'torch' does not name a type
src/op.cpp:1:10: fatal error: TH/TH.h: No such file or directory
src/op.cpp:9:5: error: cannot convert 'const at::DeprecatedTypeProperties' to 'c10::ScalarType'
"""


def read(text, root):
    return [(c.file.name, c.line, c.kind, c.scope, c.name, c.follows) for c in complaints(text, root.resolve())]


def test_nvcc(tmp_path):
    assert read(NVCC.format(stubs=tmp_path.parent / "stubs"), tmp_path) == [
        ("op.cu", 12, "name", "", "AT_CHECK", False),
        ("op.cu", 14, "name", "at::Tensor", "gesv", False),
        ("op.cu", 15, "name", "at::cuda", "CUDA_tensor_apply3", False),
        ("op.cu", 16, "other", "", "", False),
        ("op.cu", 20, "other", "", "", True),
        ("op.h", 3, "header", "", "THC/THC.h", False),
    ]


def test_gcc(tmp_path):
    assert read(GCC, tmp_path) == [
        ("op.cpp", 1, "header", "", "TH/TH.h", False),
        ("op.cpp", 4, "name", "", "THCState", False),
        ("op.cpp", 5, "name", "at", "gesv", False),
        ("op.cpp", 6, "name", "at::Tensor", "symeig", False),
        ("op.cpp", 7, "name", "torch", "IntList", False),
        ("op.cpp", 9, "other", "", "", False),
    ]
