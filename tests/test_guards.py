"""The header of guards: when it is made, what it holds, where it lies; and that it compiles at both ends of the range."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support import run

from migrator import compat, releases
from migrator.rewrite import Settings
from rewrites.guards import GUARDS

RANGE = Settings(min_torch=releases.parse("1.10"))
ROUND = b"#include <THC/THCDeviceUtils.cuh>\nint f(int n) { return THCRoundUp(n, 32); }\n"
ALLOCATOR = b"#include <THC/THCThrustAllocator.cuh>\nvoid f(THCState *state) { THCThrustAllocator allocator(state); }\n"


def test_one_header_for_all(tmp_path):
    after, plan = run({"a/x.cu": ROUND, "a/b/y.cu": ROUND, "a/b/z.cu": b"int z;\n"}, tmp_path / "one", RANGE)
    assert sorted(after) == ["a/b/y.cu", "a/b/z.cu", "a/cuport_compat.h", "a/x.cu"]
    assert b'#include "cuport_compat.h"' in after["a/x.cu"] and b'#include "../cuport_compat.h"' in after["a/b/y.cu"]
    assert after["a/b/z.cu"] == b"int z;\n"
    assert after["a/cuport_compat.h"].count(b"// [") == 1
    assert any("round-up" in applied.note for _, applied in plan.notes)
    again, second = run(after, tmp_path / "two", RANGE)
    assert again == after and not second.changed


def test_added_to_when_more_is_needed(tmp_path):
    first, _ = run({"x.cu": ROUND}, tmp_path / "one", RANGE)
    mine = first["cuport_compat.h"] + b"// a line of the user's\n"
    after, _ = run({**first, "cuport_compat.h": mine, "y.cu": ALLOCATOR}, tmp_path / "two", RANGE)
    assert after["cuport_compat.h"].startswith(mine)
    assert b"// [thrust-allocator]" in after["cuport_compat.h"] and after["x.cu"] == first["x.cu"]
    assert b'#include "cuport_compat.h"' in after["y.cu"]


def test_none_where_one_spelling_will_do(tmp_path):
    after, _ = run({"x.cu": ROUND}, tmp_path / "new", Settings())
    assert list(after) == ["x.cu"] and b"at::round_up" in after["x.cu"]


def test_no_header_without_a_change(tmp_path):
    text = ROUND.replace(b"THCRoundUp(n", b"/* cuport: ignore[thc-ceil-div] */ THCRoundUp(n")
    after, _ = run({"x.cu": text}, tmp_path / "ignored", RANGE)
    assert "cuport_compat.h" not in after


@pytest.mark.toolchain
@pytest.mark.parametrize("release", ["1.4.0", "1.10.2", "2.15.0"])
def test_compiles(release, tmp_path):
    toolchain = pytest.importorskip("migrator.toolchain")
    try:
        toolkit, headers = toolchain.usable_toolkit(), toolchain.header_set(release)
    except toolchain.ToolchainError as error:
        pytest.skip(str(error))
    wanted = {name for name in GUARDS if (name, release) != ("cuda-generator", "1.4.0")}
    (tmp_path / compat.NAME).write_bytes(compat.text(b"", wanted, GUARDS))
    unit = Path(tmp_path, "use.cu")
    unit.write_text(
        """#include <ATen/ATen.h>
#include "cuport_compat.h"
static int rounded(int n) { return cuport::round_up(n, 32); }
static void keep(at::Tensor x, at::Tensor g) { cuport::mutable_grad(x) = g; }
static bool whole(cuport::variant<int, float> v) { return cuport::get_if<int>(&v) != nullptr; }
static void allocate() { cuport::ThrustAllocator allocator; }
static void prefetch(float *p) { cuport::mem_prefetch(p, 4, 0); cuport::mem_advise(p, 4, cudaMemAdviseSetReadMostly, cudaCpuDeviceId); }
static void context(CUcontext *c) { cuport::ctx_create(c, 0, 0); }
static void chain(cudaGraph_t g, cudaGraphNode_t *n) { cuport::graph_add_dependencies(g, n, n + 1, 1); }
__device__ float larger(float a, float b) { return cuport::Max()(a, b) + cuport::Sum()(a, b); }
"""
    )
    folders = [tmp_path, *headers.include_dirs, *toolkit.include_dirs, toolchain.python_include()]
    if toolchain.needs_pybind11(headers):
        folders.insert(0, toolchain.pybind11_include())
    command = [str(toolkit.nvcc), "-ptx", "-arch=sm_80", "-w", *toolchain.compile_flags(release, cuda=True), "-o", os.devnull, str(unit)]
    done = subprocess.run(
        [*command, *(word for f in folders for word in ("-isystem", str(f)))], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[:2000]
