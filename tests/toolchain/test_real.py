"""Against the real index and a real nvcc, where they are at hand; both are skipped, with the reason, where they are not."""
from __future__ import annotations

import os
import subprocess

import pytest

from migrator.toolchain import (
    ToolchainError,
    compile_flags,
    header_set,
    list_header_sets,
    needs_pybind11,
    pybind11_include,
    python_include,
    usable_toolkit,
)

SOURCE = """
#include <torch/extension.h>
#include <ATen/cuda/CUDAContext.h>
__global__ void twice(float* x, int n) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] = x[i] + x[i]; }
void run(at::Tensor x) { twice<<<1, 256, 0, at::cuda::getCurrentCUDAStream()>>>(x.data<float>(), x.numel()); }
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("run", &run); }
"""


@pytest.mark.network
def test_headers_of_the_oldest_release_from_the_real_index(cache):
    try:
        headers = header_set("1.0", download=True)
    except ToolchainError as error:
        pytest.skip(f"the package index is out of reach: {error}")
    assert headers.downloaded < 2_500_000
    assert (headers.root / "include/torch/extension.h").is_file()
    assert (headers.root / "include/THC/THC.h").is_file()


@pytest.mark.toolchain
@pytest.mark.skipif(not os.environ.get("CUPORT_TEST_COMPILE"), reason="takes half a minute a release: set CUPORT_TEST_COMPILE=1")
def test_nvcc_compiles_against_what_is_stored(tmp_path):
    stored = list_header_sets()
    try:
        toolkit = usable_toolkit()
    except ToolchainError as error:
        pytest.skip(str(error))
    if not stored:
        pytest.skip("no headers in the cache of this machine")
    unit = tmp_path / "unit.cu"
    unit.write_text(SOURCE)
    for headers in stored:
        first = [pybind11_include()] if needs_pybind11(headers) else []
        folders = [*first, *headers.include_dirs, *toolkit.include_dirs, python_include()]
        done = subprocess.run(
            [toolkit.nvcc, *compile_flags(headers.release, cuda=True), "-gencode=arch=compute_80,code=sm_80", "-w",
             *(word for folder in folders for word in ("-isystem", str(folder))), "-c", str(unit), "-o", str(tmp_path / "unit.o")],
            capture_output=True, text=True)
        assert done.returncode == 0, f"{headers.release}: {done.stderr[:2000]}"
