"""The benchmark of the audit: what it reads out of compilers' errors, and what it counts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.audit_recall import Folder, Target
from benchmarks.complaints import complaints
from benchmarks.unported import Compiled
from migrator.verify.units import Unit

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


SOURCE = """\
#include <ATen/ATen.h>
#include <THC/THC.h>
struct Own;
void f(at::Tensor x, at::Tensor y) {
  AT_CHECK(x.is_cuda(), "on the GPU");
  auto z = at::gesv(x, y);
  own_name(z);
  x.size("a");
}
"""
SAID = """\
In file included from op.cu:2:
stubs/THC/THC.h:1:2: warning: #warning cuport-absent THC/THC.h [-Wcpp]
op.cu(5): error: identifier "AT_CHECK" is undefined
op.cu(6): error: namespace "at" has no member "gesv"
op.cu(7): error: identifier "own_name" is undefined
op.cu(8): error: no instance of overloaded function "at::Tensor::size" matches the argument list
"""


def count(tmp_path, said):
    root, headers = tmp_path / "project", tmp_path / "headers"
    (headers / "ATen").mkdir(parents=True)
    (headers / "ATen" / "ATen.h").write_text("struct Tensor; // AT_CHECK was here\n")
    root.mkdir()
    source = root / "op.cu"
    source.write_text(SOURCE)
    unit = Unit(root, Path("op.cu"), "op", True)
    folder = Folder(root, [Compiled({unit: frozenset({source})}, tuple(complaints(said, root)))], Target([headers]))
    return folder.count(), folder.details


def test_what_is_gone_is_met(tmp_path):
    tally, details = count(tmp_path, SAID)
    assert (tally.names, tally.names_audited, tally.names_met) == (2, 2, 2)
    assert (tally.headers, tally.headers_audited, tally.headers_met) == (1, 1, 1)
    assert (tally.findings, tally.findings_gone) == (3, 3)
    assert (tally.uses, tally.uses_met) == (1, 0) and len(details["uses not met"]) == 1
    assert details["unknown names"] == ["op.cu:7: own_name"]
    assert tally.edits_of_errors == tally.edits > 0


def test_what_is_passed_over_counts(tmp_path):
    tally, details = count(tmp_path, SAID + 'op.cu(9): error: identifier "THCNumerics" is undefined\n')
    assert (tally.names, tally.names_audited, tally.names_met) == (3, 2, 2)
    assert details["names not audited"] == details["names not met"] == ["op.cu:9: THCNumerics"]


def test_a_unit_without_somebody_elses_header(tmp_path):
    missing = "In file included from op.cu:3:\nstubs/cudnn_frontend.h:1:2: warning: #warning cuport-absent cudnn_frontend.h [-Wcpp]\n"
    tally, _ = count(tmp_path, SAID + missing)
    assert (tally.incomplete, tally.uses) == (1, 0) and (tally.names, tally.headers) == (2, 1)
