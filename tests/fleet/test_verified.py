"""``cuport fleet --verify --prove`` with a real nvcc and the headers of torch releases that are in the store."""

from __future__ import annotations

import json
import subprocess

import jsonschema
import pytest

from .support import ENVIRONMENT, ROOT, by_name, command, survey

pytestmark = pytest.mark.toolchain
LEGACY = """#include <THC/THCAtomics.cuh>
#include <THC/THCDeviceUtils.cuh>

__global__ void sums(const float* x, float* y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) atomicAdd(y + i % 4, x[i] * 3);
}

void run(const float* x, float* y, int n) {
  sums<<<THCCeilDiv(n, 128), 128>>>(x, y, n);
}
"""  # little of torch: a compile takes seconds
SETUP = """from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension

setup(name="op", ext_modules=[CUDAExtension("op", ["op.{suffix}"])], cmdclass={{"build_ext": BuildExtension}})
"""


@pytest.fixture(autouse=True)
def toolchain():
    from migrator.toolchain import ToolchainError
    from migrator.verify.commands import find_tools
    from migrator.verify.prove import OLD_RELEASES
    from migrator.verify.releases import headers_of

    try:
        find_tools()
        for release in ("2.15.0", OLD_RELEASES[0]):
            headers_of(release, download=False)
    except ToolchainError as error:
        pytest.skip(str(error))


def extension(path, suffix, source):
    path.mkdir()
    (path / f"op.{suffix}").write_text(source)
    (path / "setup.py").write_text(SETUP.format(suffix=suffix))
    return path


def test_ports_are_compiled_and_their_kernels_compared(tmp_path):
    extension(tmp_path / "good", "cu", LEGACY)
    extension(tmp_path / "broken", "cpp", "int f() { return missing; }\n")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    (tmp_path / "repos.txt").write_text("good\nbroken\n")
    launcher = tmp_path / "launcher"
    launcher.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{tmp_path}/trace'\nexec \"$@\"\n")
    launcher.chmod(0o755)
    words = command(tmp_path / "repos.txt", tmp_path / "out", "--verify", "--prove", "--offline")
    environment = {**ENVIRONMENT, "CUPORT_LAUNCHER": str(launcher), "CUPORT_CACHE": store(tmp_path)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert "1 of 2 units compile; 1 of 1 kernels proven" in done.stdout
    found = by_name(tmp_path / "out")
    good, broken = found["good"], found["broken"]
    assert (good["state"], good["edits"]) == ("ported", 3)
    assert (good["verified"]["compiles"], broken["verified"]["compiles"]) == (3, 1)
    result = {name: good["verified"][name] for name in ("error", "units", "compiled", "failed", "kernels", "proven", "not_compared")}
    assert result == {"error": "", "units": 1, "compiled": 1, "failed": [], "kernels": 1, "proven": 1, "not_compared": []}, result
    assert (broken["verified"]["units"], broken["verified"]["compiled"], broken["verified"]["error"]) == (1, 0, "")
    (failed,) = broken["verified"]["failed"]
    assert (failed["unit"], failed["torch"]) == ("op.cpp", "2.15.0") and "'missing' was not declared" in failed["error"]
    jsonschema.validate(survey(tmp_path / "out"), json.loads((ROOT / "docs/schemas/cuport-fleet-1.schema.json").read_text()))
    started = (tmp_path / "trace").read_text().split()
    assert sum(name.endswith("/nvcc") for name in started) == 3 and len(started) == 4, "the port twice, the original, the broken one"
    assert {path: path.read_bytes() for path in before} == before and not list(tmp_path.glob("good/.cuport"))

    again = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert "2 of 2 are kept" in again.stderr and len((tmp_path / "trace").read_text().split()) == len(started)


def store(tmp_path):
    """The toolkit and the headers of this machine, and no results: what is tested is that they are made."""
    from migrator.toolchain.cache import cache_root

    cache = tmp_path / "cache"
    cache.mkdir()
    for each in cache_root().iterdir():
        if each.name != "verify":
            (cache / each.name).symlink_to(each)
    return str(cache)
