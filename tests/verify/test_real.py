"""With a real nvcc and the headers of torch releases that are in the store; nothing is downloaded here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrator.cli.verify import command

pytestmark = pytest.mark.toolchain

LEGACY = """
#include <ATen/ATen.h>
#include <THC/THC.h>
#include <THC/THCDeviceUtils.cuh>
template <typename T> __global__ void scale(const T* x, T* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * T(3);
}
at::Tensor scaled(at::Tensor x) {
  AT_CHECK(x.type().is_cuda(), "x must be a CUDA tensor");
  auto y = at::empty_like(x);
  AT_DISPATCH_FLOATING_TYPES(x.type(), "scaled", [&] {
    scale<scalar_t><<<THCCeilDiv((int)x.numel(), 128), 128>>>(x.data<scalar_t>(), y.data<scalar_t>(), x.numel());
  });
  THCudaCheck(cudaGetLastError());
  return y;
}
"""
PORTED = """
#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/ceil_div.h>
template <typename T> __global__ void scale(const T* x, T* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] * T(3);
}
at::Tensor scaled(at::Tensor x) {
  TORCH_CHECK(x.is_cuda(), "x must be a CUDA tensor");
  auto y = at::empty_like(x);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "scaled", [&] {
    scale<scalar_t><<<at::ceil_div((int)x.numel(), 128), 128>>>(x.data_ptr<scalar_t>(), y.data_ptr<scalar_t>(), x.numel());
  });
  AT_CUDA_CHECK(cudaGetLastError());
  return y;
}
"""

ACCESSOR = """
#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/detail/KernelUtils.h>

template <typename scalar_t>
__device__ __noinline__ scalar_t sum_row(at::PackedTensorAccessor32<scalar_t, 2> x, int row) {
  scalar_t sum = 0;
  for (int column = 0; column < x.size(1); column++) sum += x[row][column];
  return sum;
}

template <typename scalar_t>
__global__ void rows(at::PackedTensorAccessor32<scalar_t, 2> x, scalar_t* y) {
  y[blockIdx.x] = sum_row<scalar_t>(x, blockIdx.x);
}

template <typename scalar_t>
__global__ void loop(const scalar_t* x, scalar_t* y, int n) {
  CUDA_KERNEL_LOOP(i, n) { y[i] = x[i] * scalar_t(2); }  // 2.15 counts otherwise
}

void run(at::Tensor x, at::Tensor y) {
  rows<float><<<x.size(0), 1>>>(x.packed_accessor32<float, 2>(), y.data_ptr<float>());
  loop<float><<<x.size(0), x.size(1)>>>(x.data_ptr<float>(), y.data_ptr<float>(), x.numel());
}
"""
SHUFFLE = """
#include <ATen/ATen.h>
#include <THC/THC.h>

__device__ float warp_sum(float value) {
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_down(value, offset);
  return value;
}

__global__ void sums(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float sum = warp_sum(i < n ? x[i] : 0.f);
  if (__any(sum > 1e30f)) sum = 0;
  if (threadIdx.x % 32 == 0) y[i / 32] = sum;
}

void run(at::Tensor x, at::Tensor y) {
  sums<<<1, 128>>>(x.data<float>(), y.data<float>(), x.numel());
  THCudaCheck(cudaGetLastError());
}
"""


def need(*releases: str) -> None:
    from migrator.toolchain import ToolchainError
    from migrator.verify.commands import find_tools
    from migrator.verify.releases import headers_of

    try:
        find_tools()
        for release in releases:
            headers_of(release, download=False)
    except ToolchainError as error:
        pytest.skip(str(error))


def sources(tmp_path: Path, name: str, text: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "scale.cu").write_text(text)
    return folder


def invoke(*words: object) -> tuple[int, dict]:
    jobs = str(min(2, os.cpu_count() or 1))
    done = CliRunner().invoke(command, [*map(str, words), "--format", "json", "--offline", "-j", jobs])
    assert done.exit_code in (0, 1), done.output
    return done.exit_code, json.loads(done.stdout)


def test_matrix_red_and_green(tmp_path):
    need("1.10.2", "2.15.0")
    code, data = invoke(sources(tmp_path, "old", LEGACY.replace("AT_CHECK", "TORCH_CHECK")), "--torch", "1.10,2.15")
    cells = data["after"]["rows"][0]["releases"]
    assert code == 1 and cells["1.10.2"]["status"] == "ok"
    assert cells["2.15.0"]["error"] == "scale.cu:3: THC/THC.h: No such file or directory"


def test_the_port_is_proven_and_an_altered_constant_is_caught(tmp_path):
    need("1.10.2", "2.15.0")
    old = sources(tmp_path, "old", LEGACY)
    code, data = invoke(sources(tmp_path, "new", PORTED), "--prove", "--before", old)
    (proof,) = data["proofs"]
    assert code == 0 and proof["summary"] == "2 of 2 kernels identical (sm_80, torch 1.10.2 -> 2.15.0)"
    assert proof["units"][0]["shim"]  # AT_CHECK is not in 1.10, THCCeilDiv not in 1.11

    code, data = invoke(sources(tmp_path, "altered", PORTED.replace("T(3)", "T(4)")), "--prove", "--before", old)
    (proof,) = data["proofs"]
    assert code == 1 and proof["summary"] == "0 of 2 kernels identical (sm_80, torch 1.10.2 -> 2.15.0)"
    kernels = {k["kernel"]: k for k in proof["units"][0]["kernels"] if not k["library"]}
    assert kernels["scale<float>"]["status"] == "changed"
    changes = [line for line in kernels["scale<float>"]["diff"] if line[0] in "-+"]
    assert len(changes) == 2 and "0f40400000" in changes[0] and "0f40800000" in changes[1]


def test_ptxas_has_the_last_word(tmp_path):
    need("2.15.0")
    code, data = invoke(sources(tmp_path, "vote", "__global__ void k(int* p) { p[0] = __ballot(p[1]); }\n"), "--torch", "2.15")
    error = data["after"]["rows"][0]["releases"]["2.15.0"]["error"]
    assert code == 1 and "vote" in error


def test_what_the_own_headers_of_a_release_change_is_told_apart(tmp_path):
    need("1.10.2", "1.11.0", "2.15.0")
    code, data = invoke(sources(tmp_path, "new", ACCESSOR), "--prove", "--before", sources(tmp_path, "old", ACCESSOR))
    (proof,) = data["proofs"]
    kernels = {k["kernel"]: k for k in proof["units"][0]["kernels"]}
    assert code == 0 and proof["summary"].endswith("; 1 of them against 1.11.0, as 2.15.0's own headers change them")
    assert "identical 1.10.2 -> 1.11.0" in kernels["loop<float>"]["reason"]  # CUDA_KERNEL_LOOP is another by 2.15
    assert kernels["rows<float>"]["status"] == "identical" and not kernels["rows<float>"]["reason"]  # its accessor only moved


def test_a_shuffle_that_got_its_mask_is_expected(tmp_path):
    need("1.10.2", "2.15.0")
    old = sources(tmp_path, "old", SHUFFLE)
    new = tmp_path / "new"
    subprocess.run([sys.executable, "-m", "rewrites", "migrate", str(old), "--out", str(new)], check=True, cwd=Path(__file__).parents[2])
    code, data = invoke(new, "--prove", "--before", old)
    (proof,) = data["proofs"]
    assert code == 0
    assert proof["summary"] == "0 of 1 kernels identical (sm_80, torch 1.10.2 -> 2.15.0); 1 changed as expected by warp-intrinsics"
