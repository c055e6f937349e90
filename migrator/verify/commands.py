"""The compiler's command line for one unit against one torch release: what cpp_extension of that release would run."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from migrator.toolchain import (
    HeaderSet,
    HostCompiler,
    ToolchainError,
    Toolkit,
    compile_flags,
    host_compiler,
    needs_pybind11,
    pybind11_include,
    python_include,
    usable_toolkit,
)

from .launcher import find_launcher
from .units import Unit

SHIM = Path(__file__).parent / "shim"


@dataclass(frozen=True)
class Tools:
    """What compiles here. `launcher` comes before each compiler: see launcher.py."""

    toolkit: Toolkit
    host: HostCompiler
    launcher: tuple[str, ...] = ()

    @cached_property
    def identity(self) -> list[str]:
        """What tells two compilers apart: their versions and the very programs that make the code."""
        parts = [".".join(map(str, self.toolkit.version)), self.host.kind, ".".join(map(str, self.host.version))]
        root = self.toolkit.root
        for program in (self.toolkit.nvcc, root / "nvvm/bin/cicc", root / "bin/ptxas", root / "bin/cudafe++"):
            parts.append(str(program.stat().st_size) if program.is_file() else "none")
        return parts


def find_tools(cuda: str | None = None) -> Tools:
    """The toolkit and host compiler to use. ToolchainError says what to install."""
    toolkit = usable_toolkit(cuda)
    if not (python_include() / "Python.h").is_file():
        raise ToolchainError(
            f"no Python.h in {python_include()}: install Python's development files (Debian, Ubuntu: `apt install python3-dev`)"
        )
    return Tools(toolkit, host_compiler(toolkit), find_launcher())


@dataclass(frozen=True)
class Request:
    """One compile: a unit against a release, to an object or to PTX."""

    unit: Unit
    headers: HeaderSet
    archs: tuple[str, ...] = ("sm_80",)
    ptx: bool = False
    shim: bool = False
    masks: bool = False  # with the shim: the warp intrinsics that are gone become the masked ones
    standard: str = ""

    @property
    def release(self) -> str:
        return self.headers.release

    @property
    def suffix(self) -> str:
        return ".ptx" if self.ptx else ".o"


def command_for(request: Request, tools: Tools, output: str) -> list[str]:
    """The whole command. Paths inside the project are relative: it runs in the unit's root."""
    return [
        *tools.launcher,
        *_compiler(request, tools),
        *flags_for(request, tools),
        *_include_flags(request, tools),
        request.unit.name,
        "-o",
        output,
    ]


def _compiler(request: Request, tools: Tools) -> list[str]:
    if request.unit.is_cuda:
        return [str(tools.toolkit.nvcc), "-ccbin", str(tools.host.path)]
    if request.unit.is_c:  # as distutils does: .c goes to the C compiler
        return [os.environ.get("CC", "").split(" ")[0] or shutil.which("gcc") or str(tools.host.path)]
    return [str(tools.host.path)]


def flags_for(request: Request, tools: Tools) -> list[str]:
    """All flags but include folders."""
    unit = request.unit
    flags = ["-ptx" if request.ptx else "-c"]
    if unit.is_cuda:
        flags += architecture_flags(request.archs, request.ptx)
        flags += ["-Xcudafe", "--display_error_number", "-Wno-deprecated-gpu-targets"]
    torch_flags = compile_flags(request.release, cuda=unit.is_cuda, name=unit.module)
    standard = request.standard or next((f[5:] for f in torch_flags if f.startswith("-std=")), "")
    flags += [f for f in torch_flags if not f.startswith("-std=")]
    if standard and not unit.is_c:
        flags.append(f"-std={standard}")
    flags += [f"-D{define}" for define in unit.defines if f"-D{define}" not in flags]
    flags += unit.flags
    if request.masks:
        flags.append("-DCUPORT_WARP_MASKS")
    if request.shim:
        flags += ["-include", str(SHIM / "shim.h")]
    return flags


def architecture_flags(archs: tuple[str, ...], ptx: bool = False) -> list[str]:
    numbers = [arch_number(arch) for arch in archs]
    if ptx:
        return [f"-arch=compute_{numbers[0]}"]
    return [f"-gencode=arch=compute_{n},code=sm_{n}" for n in numbers]


def arch_number(arch: str) -> str:
    """`sm_80`, `80` or `8.0` as `80`."""
    match = re.fullmatch(r"(?:sm_|compute_)?(\d+)\.?(\d?)([af]?)", arch.strip())
    if not match:
        raise ToolchainError(f"--arch {arch!r} is not an architecture: write sm_80, or sm_80,sm_90")
    return match[1] + match[2] + match[3]


def _include_flags(request: Request, tools: Tools) -> list[str]:
    folders: list[Path] = []
    if needs_pybind11(request.headers):
        folders.append(pybind11_include())
    folders += request.unit.include_dirs
    folders += request.headers.include_dirs
    if not request.unit.is_cuda and request.unit.cuda_extension:
        folders += tools.toolkit.include_dirs
        folders += [d / "cccl" for d in tools.toolkit.include_dirs if (d / "cccl").is_dir()]
    folders.append(python_include())
    flags = [f"-I{folder}" for folder in folders]
    if request.shim:
        flags.append(f"-I{SHIM / 'include'}")  # last: a release's own header of that name wins
    return flags
