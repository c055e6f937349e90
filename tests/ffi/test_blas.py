"""The functions that take the place of TH's and THC's BLAS give the numbers of a float64 reference."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from rewrites.ffi import _blas

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


def build_and_run(folder: Path, source: str, texts: list[str], *flags: str) -> None:
    (folder / "generated.h").write_text("\n\n".join(texts) + "\n")
    program = folder / "parity"
    # the libraries come after the source that needs them
    done = subprocess.run(
        ["g++", "-std=c++20", "-w", f"-I{HERE}", f"-I{folder}", str(HERE / source), "-o", str(program), *flags],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cublas_calls(tmp_path):
    """The cuBLAS calls, with cuBLAS as loops on the host that refuse what cuBLAS refuses."""
    build_and_run(tmp_path, "cublas_parity.cpp", [t for _, t in _blas.cuda_definitions([(c, f) for f in _blas.CUDA for c in "SD"])])


def test_cpu_functions(tmp_path):
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        pytest.skip("needs torch")
    root = Path(spec.origin).parent
    texts = [t for _, t in _blas.cpu_definitions([(t, f) for f in _blas.CPU for t in ("Float", "Double")])]
    lib = root / "lib"
    build_and_run(
        tmp_path, "cpu_parity.cpp", texts, "-O0", f"-isystem{root}/include", f"-isystem{root}/include/torch/csrc/api/include", f"-L{lib}",
        f"-Wl,-rpath,{lib}", "-Wl,--no-as-needed", "-ltorch_cpu", "-lc10",
    )  # fmt: skip
