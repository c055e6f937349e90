"""One CUDA toolkit on this machine, and whether torch extensions can be compiled with it."""
from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

NEEDED_HEADERS = {
    "cuda_runtime.h": "nvidia-cuda-runtime",
    "crt/host_config.h": "nvidia-cuda-crt",
    "nv/target": "nvidia-cuda-cccl",
    "cublas_v2.h": "nvidia-cublas",
    "cublasLt.h": "nvidia-cublas",
    "cusparse.h": "nvidia-cusparse",
    "cusolverDn.h": "nvidia-cusolver",
}
"""What <ATen/cuda/CUDAContext.h> and nvcc itself include -> the PyPI wheel that holds it."""


@dataclass(frozen=True)
class Toolkit:
    """A toolkit as it was found. `problems`: why torch extensions do not compile with it; empty if they do."""

    root: Path
    nvcc: Path
    version: tuple[int, int]
    include_dirs: tuple[Path, ...]
    lib_dirs: tuple[Path, ...]
    origin: str
    """How it was found: "CUDA_HOME", "CUDA_PATH", "PATH", "/usr/local", "conda", "pip", "cuport cache"."""
    problems: tuple[str, ...] = ()
    link_problems: tuple[str, ...] = ()
    """Why linking against its runtime goes wrong, though compiling does not."""


def describe(root: Path, origin: str) -> Toolkit | None:
    """The toolkit below `root`, as torch would use it with CUDA_HOME=root; None where there is no bin/nvcc."""
    nvcc = root / "bin" / "nvcc"
    if not nvcc.is_file():
        nvcc = nvcc.with_suffix(".exe")
        if not nvcc.is_file():
            return None
    includes = _existing(root / "include", *root.glob("targets/*-linux/include"))
    libraries = _existing(root / "lib64", root / "lib", *root.glob("targets/*-linux/lib"))
    version, problem = _nvcc_version(nvcc)
    problems = [problem] if problem else _problems(root, nvcc, version, includes)
    return Toolkit(root, nvcc, version, includes, libraries, origin, tuple(problems), tuple(_link_problems(libraries)))


def _existing(*folders: Path) -> tuple[Path, ...]:
    """Those that exist, each real folder once."""
    seen: dict[Path, Path] = {}
    for folder in folders:
        if folder.is_dir():
            seen.setdefault(folder.resolve(), folder)
    return tuple(seen.values())


def _nvcc_version(nvcc: Path) -> tuple[tuple[int, int], str | None]:
    """Major and minor that nvcc states, or (0, 0) and what is wrong with it."""
    try:
        output = subprocess.run([nvcc, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return (0, 0), f"{nvcc} does not run: {error}"
    match = re.search(r"release (\d+)\.(\d+)", output)
    if not match:
        return (0, 0), f"{nvcc} does not state its version"
    return (int(match[1]), int(match[2])), None


def _problems(root: Path, nvcc: Path, version: tuple[int, int], includes: tuple[Path, ...]) -> list[str]:
    def has(header: str) -> bool:
        return any((folder / header).is_file() for folder in (*includes, *(each / "cccl" for each in includes)))

    if not has("cuda_runtime.h"):
        return [f"no include/cuda_runtime.h beside {nvcc}, and torch would take {root} as CUDA_HOME"]
    missing = [header for header in NEEDED_HEADERS if not has(header)]
    problems = []
    if missing:
        wheels = dict.fromkeys(NEEDED_HEADERS[header] for header in missing)
        problems.append(f"no {', '.join(missing)} (from {', '.join(wheels)}), which torch's headers include")
    runtime = _runtime_version(includes)
    if runtime and runtime != version:
        problems.append(f"nvcc is {version[0]}.{version[1]}, its headers are {runtime[0]}.{runtime[1]}: they do not compile together")
    compilers = (root / "nvvm/bin", nvcc.resolve().parent.parent / "nvvm/bin", Path("/usr/lib/nvidia-cuda-toolkit/bin"))
    if not any((folder / name).is_file() for folder in compilers for name in ("cicc", "cicc.exe")):
        problems.append("no nvvm/bin/cicc (from nvidia-nvvm): nvcc cannot compile device code")
    return problems


def _runtime_version(includes: tuple[Path, ...]) -> tuple[int, int] | None:
    """CUDART_VERSION of cuda_runtime_api.h, as major and minor."""
    for folder in includes:
        header = folder / "cuda_runtime_api.h"
        if header.is_file():
            match = re.search(r"#define CUDART_VERSION\s+(\d+)", header.read_text(errors="replace"))
            return (int(match[1]) // 1000, int(match[1]) % 1000 // 10) if match else None
    return None


def _link_problems(libraries: tuple[Path, ...]) -> list[str]:
    """The trap of the PyPI wheels: libcudart.so.13 without a libcudart.so, so that -lcudart takes another toolkit's or none."""
    versioned = [path.name for folder in libraries for path in folder.glob("libcudart.so.*")]
    if versioned and not any((folder / "libcudart.so").exists() for folder in libraries):
        return [f"{versioned[0]} but no libcudart.so: -lcudart fails, or silently takes the runtime of another CUDA"]
    return []
