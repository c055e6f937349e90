"""A changed kernel is told with the rewrites that edit its source; nothing is compiled here."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.verify.before import Originals
from migrator.verify.blame import Blame, name_rules
from migrator.verify.kernels import CHANGED, IDENTICAL, Verdict
from migrator.verify.prove import Proof, UnitProof
from migrator.verify.report import text
from migrator.verify.units import Unit, find_units
from migrator.verify.verification import Options, Verification, _name_rules
from rewrites import catalogue

SOURCE = """#include <ATen/ATen.h>
#include "sum.cuh"

template <typename T>
__global__ void sums(const T* x, T* y) {
  y[blockIdx.x] = warp_sum(x[threadIdx.x]);
}



__global__ void plain(float* x) {
  x[0] = 1;
}



void run(at::Tensor x) {
  AT_CHECK(x.type().is_cuda(), "x");
  sums<float><<<1, 32>>>(x.data<float>(), x.data<float>());
}
"""
HEADER = """template <typename T>
__device__ T warp_sum(T value) {
  for (int i = 16; i > 0; i /= 2) value += __shfl_down(value, i);
  return value;
}
"""


@pytest.fixture
def blame(tmp_path: Path) -> Blame:
    (tmp_path / "sum.cu").write_text(SOURCE)
    (tmp_path / "sum.cuh").write_text(HEADER)
    return Blame(tmp_path, catalogue(), "2.15.0")


def test_rules_of_a_kernel_and_of_what_it_calls(tmp_path, blame):
    files = [tmp_path / "sum.cu", tmp_path / "sum.cuh"]
    assert blame.rules("sums<float>", files) == ("warp-intrinsics",)
    assert blame.rules("(anonymous namespace)::sums<at::Tensor, (int)3>", files) == ("warp-intrinsics",)
    assert blame.rules("sums<float>", files[:1]) == ()  # the unit does not reach the header
    assert blame.rules("plain", files) == () and blame.rules("missing", files) == () and blame.rules("", files) == ()


def test_verdicts_are_given_the_rules(tmp_path, blame):
    changed, same = Verdict("sums<float>", "s", CHANGED, 9), Verdict("sums<double>", "d", IDENTICAL, 9)
    proof = Proof("sm_80", "2.15.0", [UnitProof("moved/sum.cu", "sm_80", verdicts=[changed, same], original="sum.cu")])
    name_rules(proof, blame, {"sum.cu": Unit(tmp_path, Path("sum.cu"), "x", True)})
    assert [v.rules for v in proof.units[0].verdicts] == [("warp-intrinsics",), ()]


def test_a_run_asks_only_where_something_changed(tmp_path, blame):
    run = Verification(tmp_path, ("sm_80",))
    unit = UnitProof("sum.cu", "sm_80", verdicts=[Verdict("sums<float>", "s", IDENTICAL)], original="sum.cu")
    run.proofs = [Proof("sm_80", "2.15.0", [unit])]
    asked = []
    options = Options(tmp_path, catalogue=lambda: asked.append(1) or catalogue())
    original = Originals(tmp_path, "before", True)
    _name_rules(run, original, lambda release: find_units(tmp_path, release), options)
    assert not asked
    unit.verdicts = [Verdict("sums<float>", "s", CHANGED)]
    _name_rules(run, original, lambda release: find_units(tmp_path, release), options)
    assert asked and unit.verdicts[0].rules == ("warp-intrinsics",)
    assert "changed: sums<float> (rewrites that touched its source: warp-intrinsics)" in text.render(run)
