"""The compiler flags of torch.utils.cpp_extension, release by release.

Read from `torch/utils/cpp_extension.py` of all KNOWN_RELEASES' wheels:
  -std                        c++11 to 1.4, c++14 to 1.13, c++17 to 2.11, c++20 from 2.12
  --expt-relaxed-constexpr    from 1.2
  __CUDA_NO_BFLOAT16_...      from 1.8
  include/TH, include/THC     to 2.6 (in HeaderSet.include_dirs)
  _GLIBCXX_USE_CXX11_ABI      to 2.7; the PyPI wheels are 0 to 2.6 and 1 in 2.7
Left out: PYBIND11_COMPILER_TYPE, _STDLIB and _BUILD_ABI (1.7 to 2.8). Their values are the wheel's compiled library's, and they
change no compilation, only which extensions share Python types at run time.
"""
from __future__ import annotations

import sysconfig
from pathlib import Path

from .releases import minor

OLDEST_STANDARD = 17
"""CCCL 3, which comes with CUDA 13, needs C++17; so do thrust and cub in every translation unit that includes them."""


def torch_standard(release: str) -> str:
    """The standard that cpp_extension of the release asks for: "c++11" to "c++20"."""
    version = minor(release)
    if version < (1, 5):
        return "c++11"
    if version < (2, 0):
        return "c++14"
    if version < (2, 12):
        return "c++17"
    return "c++20"


def standard(release: str) -> str:
    """The standard to compile the release with under a current nvcc: cpp_extension's, but at least c++17.

    The headers of all releases from 1.0 compile as C++17.
    """
    asked = torch_standard(release)
    return f"c++{max(int(asked.removeprefix('c++')), OLDEST_STANDARD)}"


def compile_flags(release: str, *, cuda: bool, name: str = "extension") -> list[str]:
    """The flags for one unit, without -I, -c, -o and the architectures.

    `cuda`: for nvcc, else for the host compiler. `name`: the module's name, TORCH_EXTENSION_NAME. The -std is `standard(release)`;
    whoever compiles a unit that names its own -std replaces it (nvcc accepts only one).
    """
    version = minor(release)
    flags = [f"-DTORCH_EXTENSION_NAME={name}", "-DTORCH_API_INCLUDE_EXTENSION_H"]
    if version < (2, 8):
        flags.append(f"-D_GLIBCXX_USE_CXX11_ABI={int(version >= (2, 7))}")
    if cuda:
        flags += ["-D__CUDA_NO_HALF_OPERATORS__", "-D__CUDA_NO_HALF_CONVERSIONS__"]
        if version >= (1, 8):
            flags.append("-D__CUDA_NO_BFLOAT16_CONVERSIONS__")
        flags.append("-D__CUDA_NO_HALF2_OPERATORS__")
        if version >= (1, 2):
            flags.append("--expt-relaxed-constexpr")
        flags += ["--compiler-options", "-fPIC"]
    else:
        flags.append("-fPIC")
    return [*flags, f"-std={standard(release)}"]


def python_include() -> Path:
    """The folder of this interpreter's Python.h. It is not there where Python came without its development files."""
    return Path(sysconfig.get_path("include"))
