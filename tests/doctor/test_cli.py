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
    assert [each["status"] for each in found["locks"] if str(lock) in each["fix"]] == ["warn"]
    assert found["cuda-home"][0]["fix"] == "export CUDA_HOME=/usr/local/cuda"
    assert found["arch-list"][0]["status"] == "fail"
    if planted:
        assert found["extensions"][0]["status"] == "fail" and "Python 3.7" in found["extensions"][0]["found"]
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


def environment(folder: Path) -> tuple[Path, Path]:
    """A Python environment with a torch of Python files only, in a venv; its interpreter and its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    site = next(folder.glob("lib/python3.*/site-packages"))
    torch = site / "torch"
    (torch / "utils").mkdir(parents=True)
    (torch / "__init__.py").write_text(
        "from types import SimpleNamespace as N\n"
        "__version__ = '2.8.0+cu130'\n"
        "version = N(cuda='13.0', hip=None)\n"
        "cuda = N(device_count=lambda: 0)\n"
        "backends = N(cudnn=N(version=lambda: None))\n"
        "_C = N(_GLIBCXX_USE_CXX11_ABI=True)\n"
    )
    (torch / "utils/cpp_extension.py").write_text("def build():\n    command = ['ninja', '--version']\n    env = None\n")
    (torch / "include/ATen").mkdir(parents=True)
    (torch / "include/ATen/ATen.h").write_text("#error C++20 or later compatible compiler is required to use ATen.\n")
    for name, version in (("torch", "2.9.0"), ("torchvision", "0.22.1"), ("nvidia_cudnn_cu12", "9.1")):
        record = site / f"{name}-{version}.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
        (record / "RECORD").write_text("nvidia/cudnn/lib/libcudnn.so.9,,\n" if "cudnn" in name else "")
    cudnn = site / "nvidia/cudnn/lib"
    cudnn.mkdir(parents=True)
    (cudnn / "libcudnn.so.9").touch()
    (cudnn / "libcudnn_cnn.so.9").symlink_to("nowhere")
    return folder / "bin/python", site


@pytest.mark.skipif(sys.platform != "linux", reason="plants faults of Linux")
def test_planted_environment(tmp_path):
    python, site = environment(tmp_path / "env")
    project = tmp_path / "project"
    (project / "fcos_core").mkdir(parents=True)
    (project / "fcos_core/__init__.py").touch()
    (project / "setup.py").touch()
    other = tmp_path / "old" / "fcos_core"
    other.mkdir(parents=True)
    (other / "__init__.py").touch()
    (site / "old.pth").write_text(f"{other.parent}\n")
    built = project / "build/temp.linux/a.o"
    built.parent.mkdir(parents=True)
    built.touch()
    os.utime(built, (0, 0))
    library = tmp_path / "second"
    library.mkdir()
    (library / "libcudnn.so.8.9.2").touch()
    stale, held = (tmp_path / "cache" / name / "lock" for name in ("stale", "held"))
    for lock in (stale, held):
        lock.parent.mkdir(parents=True)
        lock.touch()
        os.utime(lock, (0, 0))
    broken = tmp_path / "bin/ninja"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    environ = {
        "LD_LIBRARY_PATH": str(library),
        "TORCH_EXTENSIONS_DIR": str(tmp_path / "cache"),
        "PATH": f"{broken.parent}:{os.environ['PATH']}",
    }
    with held.open():
        done = doctor("--json", "--python", str(python), str(project), **environ)
        assert done.returncode == 1, done.stderr
        said = {check: "\n".join(f"{each['status']} {each['found']}" for each in results) for check, results in by_check(done).items()}
        assert "torch 2.8.0+cu130 is imported, 2.9.0 is installed" in said["torch"]
        assert "torchvision 0.22.1 needs torch 2.7" in said["torch-releases"]
        assert f"fail {library}/libcudnn.so.8.9.2 comes before" in said["cudnn"] and "libcudnn_cnn.so.9 point to nothing" in said["cudnn"]
        assert f"warn {stale}" in said["locks"] and f"ok {held}: process {os.getpid()}" in said["locks"]
        assert "cpp_extension.py:2 calls `ninja --version`" in said["ninja"] and f"{broken} does not run" in said["ninja"]
        assert f"warn {project / 'build'} has objects from before" in said["builds"]
        assert f"`import fcos_core` takes {other}" in said["shadow"]
        assert "C++20" in said["cxx-standard"]

        shown = doctor("--fix", "--python", str(python), str(project), **environ)
        assert f"remove {stale}" in shown.stdout and "nothing was written" in shown.stdout and stale.exists()
        assert doctor("--fix", "--yes", "--python", str(python), str(project), **environ).returncode == 1
    assert held.exists() and not stale.exists()
    scripts = tmp_path / "env/etc/cuport"
    assert f"LD_LIBRARY_PATH={site}/nvidia/cudnn/lib" in (scripts / "activate.d/cuport.sh").read_text()
    again = doctor("--fix", "--yes", "--python", str(python), str(project), **environ).stdout
    assert "nothing here that it may mend" in again or f"remove {held}" in again
    hack = next(
        each["fix"] for each in by_check(doctor("--json", "--python", str(python), str(project)))["ninja"] if "calls" in each["found"]
    )
    subprocess.run(["bash", "-c", hack], check=True, timeout=30)
    assert "['ninja', '-v']" in (site / "torch/utils/cpp_extension.py").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_runs_a_replaced_torch(tmp_path):
    library = tmp_path / "torch/lib/libtorch_cpu.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"x" * 4096)
    code = (
        "import mmap, sys; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ); print(flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code, library], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        before = doctor("--json", str(tmp_path))
        library.unlink()
        after = doctor("--json", str(tmp_path))
        running.communicate(b"\n")
    words = f"process {running.pid} "
    assert words not in before.stdout and words in after.stdout


def test_list():
    listed = doctor("--list").stdout.splitlines()
    assert any(line.startswith("cxx-standard ") for line in listed) and len(listed) == len({line.split()[0] for line in listed})


@pytest.mark.skipif(sys.platform != "linux" or not all(map(shutil.which, ("gcc", "readelf", "nm"))), reason="needs gcc and binutils")
def test_a_library_of_torch_utils_ffi(tmp_path):
    (tmp_path / "x.c").write_text("void *THCudaTensor_data(void *); void *f(void *x) { return THCudaTensor_data(x); }\n")
    (tmp_path / "plain.c").write_text("int puts(const char *); void g(void) { puts(0); }\n")
    for name, source in (("_nms.so", "x.c"), ("plain.so", "plain.c")):
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", name, source], cwd=tmp_path, check=True)
    (only,) = by_check(doctor("--json", str(tmp_path)))["extensions"]
    assert "_nms.so calls THCudaTensor_data" in only["found"] and only["fix"].startswith("cuport migrate")


def test_text_and_mistakes(tmp_path):
    done = doctor(str(tmp_path))
    assert done.returncode in (0, 1) and " fail, " in done.stdout and "host-compiler" in done.stdout
    assert doctor(str(tmp_path / "no")).returncode == 2
    assert doctor("--yes", str(tmp_path)).returncode == 2 and doctor("--json", "--fix", str(tmp_path)).returncode == 2


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
