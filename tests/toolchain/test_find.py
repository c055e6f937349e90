"""Toolkits as they lie about: folders with a program called nvcc that states a version."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from migrator.toolchain import ToolchainError, accepts, find_toolkits, host_compiler, host_compilers, usable_toolkit
from migrator.toolchain import find
from migrator.toolchain.toolkit import NEEDED_HEADERS, describe


def make_toolkit(root: Path, version: str = "13.2", without: tuple[str, ...] = (), cicc: bool = True) -> Path:
    major, minor = map(int, version.split("."))
    nvcc = root / "bin/nvcc"
    nvcc.parent.mkdir(parents=True)
    nvcc.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, release {version}, V{version}.86'\n")
    nvcc.chmod(0o755)
    for header in NEEDED_HEADERS:
        if header not in without:
            (root / "include" / header).parent.mkdir(parents=True, exist_ok=True)
            (root / "include" / header).write_text("#if __GNUC__ > 15\n" if header.startswith("crt") else "")
    (root / "include").mkdir(exist_ok=True)
    (root / "include/cuda_runtime_api.h").write_text(f"#define CUDART_VERSION  {major * 1000 + minor * 10}\n")
    if cicc:
        (root / "nvvm/bin").mkdir(parents=True)
        (root / "nvvm/bin/cicc").write_text("")
    return root


@pytest.fixture
def bare(monkeypatch, cache):
    """No CUDA variables, no nvcc on PATH."""
    for name in ("CUDA_HOME", "CUDA_PATH", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_the_order_is_torchs(bare, tmp_path, monkeypatch):
    for name in ("home", "path", "onpath", "conda"):
        make_toolkit(tmp_path / name)
    make_toolkit(tmp_path / "site/nvidia/cu13")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUDA_PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'onpath/bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    origins = [toolkit.origin for toolkit in find_toolkits() if toolkit.origin != "/usr/local" and str(tmp_path) in str(toolkit.root)]
    assert origins == ["CUDA_HOME", "CUDA_PATH", "PATH", "conda", "pip"]
    assert usable_toolkit().root == tmp_path / "home"


def test_the_site_packages_of_another_interpreter(bare, tmp_path):
    root = make_toolkit(tmp_path / "other/site-packages/nvidia/cu13")
    assert [toolkit.origin for toolkit in find_toolkits([root.parent.parent]) if toolkit.root == root] == ["pip"]
    assert root not in [toolkit.root for toolkit in find_toolkits()]


def test_what_pip_installed_for_torch_goes_behind_a_whole_one_of_cuport(bare, tmp_path, monkeypatch):
    pip = make_toolkit(tmp_path / "site/nvidia/cu13")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    monkeypatch.setattr(find, "_places", lambda others: [(pip, "pip"), (own, "cuport cache")])
    own = make_toolkit(tmp_path / "own")
    assert usable_toolkit().root == pip  # neither has them
    for header in ("curand_kernel.h", "cuda_profiler_api.h"):
        (own / "include" / header).write_text("")
    assert usable_toolkit().root == own
    monkeypatch.setattr(find, "_places", lambda others: [(pip, "CUDA_HOME"), (own, "cuport cache")])
    assert usable_toolkit().root == pip  # somebody said so
    monkeypatch.setattr(find, "_places", lambda others: [(pip, "pip"), (make_toolkit(tmp_path / "older", "13.0"), "cuport cache")])
    assert usable_toolkit().root == pip


def test_one_folder_is_listed_once(bare, tmp_path, monkeypatch):
    root = make_toolkit(tmp_path / "real")
    (tmp_path / "link").symlink_to(root)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "link"))
    monkeypatch.setenv("CUDA_PATH", str(root))
    assert [toolkit.origin for toolkit in find_toolkits() if toolkit.root.resolve() == root] == ["CUDA_HOME"]


def test_a_toolkit_is_described(tmp_path):
    toolkit = describe(make_toolkit(tmp_path), "CUDA_HOME")
    assert (toolkit.version, toolkit.problems, toolkit.include_dirs) == ((13, 2), (), (tmp_path / "include",))
    assert describe(tmp_path / "nothing", "CUDA_HOME") is None


def test_no_cusparse_makes_it_unusable(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_HOME", str(make_toolkit(tmp_path, "77.7", without=("cusparse.h",))))
    with pytest.raises(ToolchainError, match=r"no cusparse\.h.*run `cuport toolchain install --cuda 77`"):
        usable_toolkit("77")


def test_pip_wheels_that_do_not_fit_together(tmp_path):
    root = make_toolkit(tmp_path, cicc=False)
    (root / "include/cuda_runtime_api.h").write_text("#define CUDART_VERSION  13030\n")
    first, second = describe(root, "pip").problems
    assert "nvcc is 13.2, its headers are 13.3" in first
    assert "nvidia-nvvm" in second


def test_an_nvcc_beside_no_headers(tmp_path):
    root = make_toolkit(tmp_path, without=tuple(NEEDED_HEADERS))
    assert "torch would take" in describe(root, "PATH").problems[0]


def test_the_runtime_without_a_link(tmp_path):
    root = make_toolkit(tmp_path)
    (root / "lib").mkdir()
    (root / "lib/libcudart.so.13").write_text("")
    toolkit = describe(root, "pip")
    assert toolkit.problems == ()
    assert "libcudart.so.13 but no libcudart.so" in toolkit.link_problems[0]
    (root / "lib/libcudart.so").symlink_to("libcudart.so.13")
    assert describe(root, "pip").link_problems == ()


def test_an_nvcc_that_does_not_run(tmp_path):
    root = make_toolkit(tmp_path)
    (root / "bin/nvcc").chmod(0o644)
    assert "does not run" in describe(root, "PATH").problems[0]


@pytest.mark.parametrize("cuda", ["", "x", "13.2.1", "-1"])
def test_what_is_no_cuda_version(bare, cuda):
    with pytest.raises(ToolchainError, match="not a CUDA version"):
        usable_toolkit(cuda)


def test_there_is_none(bare):
    with pytest.raises(ToolchainError, match=r"there is no CUDA toolkit 66 here; run `cuport toolchain install --cuda 66`"):
        usable_toolkit("66")


def test_this_machines_toolkit_without_cusparse(bare):
    root = Path("/usr/local/cuda")
    if not (root / "bin/nvcc").exists() or (root / "include/cusparse.h").exists():
        pytest.skip("this machine's /usr/local/cuda is another")
    toolkit = next(each for each in find_toolkits() if each.root.resolve() == root.resolve())
    assert "cusparse.h" in toolkit.problems[0]


def test_host_compilers_and_which_nvcc_takes_them(tmp_path):
    compilers = host_compilers()
    if not compilers:
        pytest.skip("no C++ compiler here")
    toolkit = describe(make_toolkit(tmp_path), "CUDA_HOME")
    gcc = next(each for each in compilers if each.kind == "gcc")
    assert accepts(toolkit, gcc) == (gcc.version[0] <= 15)
    (tmp_path / "include/crt/host_config.h").write_text("#if __GNUC__ > 4\n")
    assert not accepts(toolkit, gcc)
    if all(each.kind == "gcc" for each in compilers):
        with pytest.raises(ToolchainError, match=r"accepts g\+\+ up to 4"):
            host_compiler(toolkit)
