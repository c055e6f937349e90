"""Installing a toolkit, from made-up wheels of the same names and layout as PyPI's."""
from __future__ import annotations

import sysconfig

import pytest

from migrator.toolchain import ToolchainError, find_toolkits, install_toolkit, remove_toolkit, usable_toolkit
from migrator.toolchain.install import HEADERS, WHOLE
from migrator.toolchain.store import damage

from .conftest import make_wheel

TAG = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
FILES = {
    "nvidia-cuda-nvcc": {"bin/nvcc": b"#!/bin/sh\necho release 13.2, V13.2.86\n"},
    "nvidia-cuda-crt": {"include/crt/host_config.h": b"#if __GNUC__ > 15\n"},
    "nvidia-nvvm": {"nvvm/bin/cicc": b"#!/bin/sh\n", "lib/libnvvm.so.4": b"unused"},
    "nvidia-cuda-runtime": {"include/cuda_runtime.h": b"", "include/cuda_runtime_api.h": b"#define CUDART_VERSION  13020\n",
                            "lib/libcudart.so.13": b"runtime"},
    "nvidia-cuda-cccl": {"include/cccl/nv/target": b""},
    "nvidia-cublas": {"include/cublas_v2.h": b"", "include/cublasLt.h": b"", "lib/libcublas.so.13": b"big"},
    "nvidia-cusparse": {"include/cusparse.h": b"", "include/__init__.py": b""},
    "nvidia-cusolver": {"include/cusolverDn.h": b""},
}


@pytest.fixture
def nvidia(index, wheels):
    import zipfile

    components = sorted(WHOLE | HEADERS)
    metadata = "Metadata-Version: 2.4\nName: cuda-toolkit\nVersion: 13.2.2\nProvides-Extra: all\n" + "".join(
        f"Requires-Dist: {name}==13.2.86.*; extra == 'all'\n" for name in components) + "\nwords\n"
    make_wheel(wheels, "cuda_toolkit-13.2.2-py2.py3-none-any.whl", {"cuda_toolkit-13.2.2.dist-info/METADATA": metadata.encode()})
    for name in [*components, "nvidia-cudnn-cu13"]:
        file = name.replace("-", "_")
        folder = "cudnn" if "cudnn" in name else "cu13"
        with zipfile.ZipFile(wheels / f"{file}-13.2.86-{TAG}.whl", "w") as archive:
            for path, content in FILES.get(name, {f"include/other_{file}.h": b""}).items():
                info = zipfile.ZipInfo(f"nvidia/{folder}/{path}")
                info.external_attr = (0o755 if "/bin/" in info.filename else 0o644) << 16
                archive.writestr(info, content)
            archive.writestr(f"{file}-13.2.86.dist-info/License.txt", f"terms of {name}")
        make_wheel(wheels, f"{file}-13.3.1-{TAG}.whl", {})  # newer than the toolkit's: not to be taken
    return index


@pytest.fixture
def pages(monkeypatch):
    """PyPI's pages are found by the normalised name, its files have underscores."""
    from .conftest import Handler

    page = Handler.page
    monkeypatch.setattr(Handler, "page", lambda self, project: page(self, project.replace("-", "_")))


def test_install_and_remove(nvidia, pages, cache):
    (nvidia.folder / f"nvidia_cudnn_cu13-13.3.1-{TAG}.whl").unlink()
    toolkit = install_toolkit("13.2")
    assert (toolkit.version, toolkit.problems, toolkit.link_problems) == ((13, 2), (), ())
    assert (toolkit.root / "lib/libcudart.so").read_bytes() == b"runtime"
    assert (toolkit.root / "lib64/libcudart.so").read_bytes() == b"runtime"
    assert not list(toolkit.root.rglob("libcublas*")) and not list(toolkit.root.rglob("*.py")) and not list(toolkit.root.rglob("libnvvm*"))
    assert (toolkit.root / "licenses/nvidia_cuda_nvcc-13.2.86.txt").read_text() == "terms of nvidia-cuda-nvcc"
    assert damage(toolkit.root) is None
    assert toolkit in find_toolkits()
    assert usable_toolkit("13.2").problems == ()
    asked = len(nvidia.requests)
    assert install_toolkit("13.2") == toolkit
    assert len(nvidia.requests) == asked
    remove_toolkit("13.2")
    assert toolkit not in find_toolkits()
    with pytest.raises(ToolchainError, match=r"no CUDA toolkit 13\.2"):
        remove_toolkit("13.2")


def test_a_toolkit_that_lacks_something_is_not_kept(nvidia, pages, cache):
    for file in nvidia.folder.glob("nvidia_cusparse-13.2*"):
        make_wheel(nvidia.folder, file.name, {})
    (nvidia.folder / f"nvidia_cudnn_cu13-13.3.1-{TAG}.whl").unlink()
    with pytest.raises(ToolchainError, match=r"not usable: no cusparse\.h"):
        install_toolkit("13.2")
    assert not (cache / "toolkits/13.2").exists()


@pytest.mark.parametrize("cuda", ["12.4", "13", "../13.2", "x"])
def test_what_cannot_be_installed(index, cuda):
    with pytest.raises(ToolchainError):
        install_toolkit(cuda)
    with pytest.raises(ToolchainError):
        remove_toolkit(cuda)


def test_a_release_that_the_index_lacks(index):
    with pytest.raises(ToolchainError, match=r"no wheel of cuda-toolkit==13\.9"):
        install_toolkit("13.9")
