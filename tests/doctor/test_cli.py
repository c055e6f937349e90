"""cuport doctor end to end, on this machine with faults planted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def doctor(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    code = "from rewrites import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "doctor", *arguments], capture_output=True, text=True, timeout=120, env={**os.environ, **environ}
    )


def by_check(done: subprocess.CompletedProcess[str]) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for each in json.loads(done.stdout)["results"]:
        found.setdefault(each["check"], []).append(each)
    return found


def test_planted_faults(tmp_path):
    cudnn = tmp_path / "lib"
    cudnn.mkdir()
    (cudnn / "libcudnn.so.8").touch()
    lock = tmp_path / "cache" / "py311_cpu" / "op" / "lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (0, 0))
    project = tmp_path / "project"
    project.mkdir()
    built = project / "_C.cpython-37m-x86_64-linux-gnu.so"
    planted = all(shutil.which(tool) for tool in ("gcc", "readelf", "nm")) and sys.platform == "linux"
    if planted:
        _library(tmp_path, built)
    done = doctor(
        "--json",
        str(project),
        LD_LIBRARY_PATH=str(cudnn),
        TORCH_EXTENSIONS_DIR=str(tmp_path / "cache"),
        CUDA_HOME="/usr/local/cuda/bin:",
        TORCH_CUDA_ARCH_LIST="8.6；8.9",
    )
    assert done.returncode == 1, done.stderr
    found = by_check(done)
    assert found["cudnn"][0]["status"] == "fail" and found["cudnn"][0]["fix"] == "unset LD_LIBRARY_PATH"
    assert found["locks"][0]["status"] == "warn" and str(lock) in found["locks"][0]["fix"]
    assert found["cuda-home"][0]["fix"] == "export CUDA_HOME=/usr/local/cuda"
    assert found["arch-list"][0]["status"] == "fail"
    if planted:
        assert found["extensions"][0]["status"] == "fail" and "cpython-37" in found["extensions"][0]["found"]
        facts = json.loads(done.stdout)["facts"]["extensions"][0]
        assert facts["old_strings"] and not facts["new_strings"] and "libc10.so" in facts["needed"]


def _library(folder: Path, path: Path) -> None:
    """A tiny library that needs libc10.so and a symbol of the old string ABI."""
    (folder / "c10.c").write_text("void _ZN3c105ErrorC1ENS_14SourceLocationERKSs(void) {}\n")
    (folder / "x.c").write_text(
        "void _ZN3c105ErrorC1ENS_14SourceLocationERKSs(void); void f(void) { _ZN3c105ErrorC1ENS_14SourceLocationERKSs(); }\n"
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wl,-soname,libc10.so", "-o", "libc10.so", "c10.c"], cwd=folder, check=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", path, "x.c", "libc10.so"], cwd=folder, check=True)


def test_text_and_mistakes(tmp_path):
    done = doctor(str(tmp_path))
    assert done.returncode in (0, 1) and " fail, " in done.stdout and "host-compiler" in done.stdout
    assert doctor(str(tmp_path / "no")).returncode == 2


def test_an_interpreter_that_hangs_or_lies_breaks_nothing(tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)
    done = doctor("--json", "--python", str(fake), str(tmp_path))
    assert done.returncode in (0, 1) and "torch" in by_check(done)


@pytest.mark.skipif(
    not Path("/usr/local/cuda/bin/nvcc").is_file() or bool(list(Path("/usr/local/cuda/").glob("**/cusparse.h"))),
    reason="needs a toolkit without cusparse.h in /usr/local/cuda",
)
def test_this_machines_toolkit(tmp_path):
    fails = [each for each in by_check(doctor("--json", str(tmp_path)))["toolkit"] if each["status"] == "fail"]
    assert any(
        "cusparse.h" in each["found"]
        and "/usr/local/cuda" in each["found"]
        and ("cuport toolchain install" in each["fix"] or "export CUDA_HOME=" in each["fix"])  # the latter where pip brought a toolkit
        for each in fails
    )
