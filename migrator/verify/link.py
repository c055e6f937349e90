"""Checks what the objects of an extension ask for, since much that compiles everywhere links nowhere.

Every undefined symbol has to come from the extension's own objects, from the libraries of that torch release, from
the CUDA runtime, from Python or from the system. With torch of that release installed the objects are linked for
real as well, and the library must not need a CUDA runtime of another major version.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.toolchain import Toolkit

from .commands import Tools
from .compile import Outcome
from .process import run_one
from .releases import installed_release, installed_torch, number
from .symbol_list import SymbolList, is_torch_name, symbols_of, symbols_of_installed
from .symbols import demangle, exported, needed

# Names that compile and that no wheel's linked libraries give: from, to, what the name looks like, what to do.
# Releases are inclusive; seen in the wheels (api_history 6.3 and 4).
_TRAPS: tuple[tuple[tuple[int, int], tuple[int, int], str, str], ...] = (
    (
        (1, 1),
        (99, 0),
        r"at::cuda::blas::gem[mv]<",
        "no torch wheel exports it; use at::mm_out/addmm_ on tensors, or cublasSgemm with at::cuda::getCurrentCUDABlasHandle()",
    ),
    (
        (1, 12),
        (99, 0),
        r"getCurrentCUDASolverDnHandle",
        "it lives in libtorch_cuda_linalg, which is not linked; call cuSOLVER with a handle of your own, "
        "or add libraries=['torch_cuda_linalg']",
    ),
    (
        (1, 0),
        (99, 0),
        r"(mutable_|const_)?data(_ptr)?<(unsigned )?long long",
        "tensors hold int64_t, which is long on Linux: write data_ptr<int64_t>()",
    ),
    ((1, 11), (99, 0), r"^(state|_?THC?(Cuda)?State.*)$", "THCState left torch in 1.11: drop the declaration and its uses"),
    ((1, 11), (99, 0), r"^_?THC?\w*", "TH and THC left torch in 1.11; use the ATen function"),
)
_PYTHON = re.compile(r"^_?Py[A-Z_]")
_LINKER = {
    "_GLOBAL_OFFSET_TABLE_",
    "__dso_handle",
    "_DYNAMIC",
    "__tls_get_addr",
    # glibc's libc_nonshared.a, which every link takes in
    "atexit",
    "at_quick_exit",
    "pthread_atfork",
    "stat",
    "fstat",
    "lstat",
    "fstatat",
    "mknod",
    "mknodat",
    "stat64",
    "fstat64",
    "lstat64",
}
_CUDA_LIBRARIES = re.compile(r"^(cublas|cusparse|cufft|curand|cusolver|cudnn|nccl|nvrtc|nvml|nvtx|cu[A-Z])")
_SYSTEM_LIBRARIES = (
    "libstdc++.so.6",
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libgomp.so.1",
)


@dataclass(frozen=True)
class Missing:
    """A symbol that nothing gives, the unit that asks for it, and what to do."""

    symbol: str
    unit: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.unit}: {self.symbol} is exported by no library that is linked" + (f"; {self.advice}" if self.advice else "")


@dataclass
class LinkResult:
    """`checked` says how: "linked", "symbols of 2.15.0", or why not."""

    release: str
    extension: str
    ok: bool | None
    checked: str
    missing: list[Missing] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def error(self) -> str:
        """Every problem on a line of its own; '' where there is none."""
        return "\n".join([*map(str, self.missing), *self.problems])

    def as_dict(self) -> dict[str, Any]:
        missing = [{"symbol": m.symbol, "unit": m.unit, "advice": m.advice} for m in self.missing]
        return {
            "release": self.release,
            "extension": self.extension,
            "ok": self.ok,
            "checked": self.checked,
            "missing": missing,
            "problems": self.problems,
        }


def check_link(release: str, extension: str, outcomes: Sequence[Outcome], libraries: Iterable[str], tools: Tools) -> LinkResult:
    """Check one extension's objects against one release. All its units must have compiled."""
    failed = [o.request.unit.name for o in outcomes if not o.ok]
    if failed:
        return LinkResult(release, extension, None, f"not linked: {failed[0]} did not compile")
    torch = installed_torch()
    here = torch is not None and installed_release() == release
    names = symbols_of_installed(torch, release) if here and torch is not None else symbols_of(release)
    result = LinkResult(
        release,
        extension,
        True,
        f"symbols of torch {release}" if names is not None else f"only the known traps: no symbol list of torch {release} here",
    )
    own_libraries = set(libraries) - {"cudart", "cublas", "cusparse", "cusolver", "cudnn", "m", "stdc++"}
    result.missing = find_missing(outcomes, release, names, tools, bool(own_libraries))
    if "torch_cuda_linalg" in own_libraries:
        result.missing = [m for m in result.missing if "CUDASolver" not in m.symbol]
    result.problems = _defined_twice(outcomes)
    if here and torch is not None and all(o.output for o in outcomes):
        result.checked = "linked with the installed torch"
        result.problems += _link(outcomes, torch, tools, own_libraries)
    result.ok = not result.missing and not result.problems
    return result


def find_missing(outcomes: Sequence[Outcome], release: str, names: SymbolList | None, tools: Tools, has_libraries: bool) -> list[Missing]:
    """The undefined symbols that nothing gives. Without a list of the release's symbols, only the known traps."""
    tables = [(o.request.unit.name, o.symbols) for o in outcomes if o.symbols is not None]
    own = {name for _, table in tables for name in (*table.defined, *table.weak)}
    asked = {name: unit for unit, table in tables for name in table.undefined if name not in own}
    readable = demangle(sorted(asked))
    missing = []
    for name, unit in sorted(asked.items()):
        advice = trap(readable[name], release)
        if names is not None:
            if is_torch_name(name):
                absent = name not in names
            else:
                absent = not has_libraries and name not in names and not _given(name, tools.toolkit, str(tools.host.path))
        else:
            absent = bool(advice)
        if absent:
            missing.append(Missing(readable[name], unit, advice))
    return missing


def trap(symbol: str, release: str) -> str:
    """What to do about a readable name that is known to link nowhere in that release; '' for any other."""
    version = number(release)[:2]
    for since, until, pattern, advice in _TRAPS:
        if since <= version <= until and re.search(pattern, symbol):
            return advice
    return ""


def _given(name: str, toolkit: Toolkit, compiler: str) -> bool:
    if name in _LINKER or _PYTHON.match(name):
        return True
    if name.startswith(("cuda", "__cuda")):
        runtime = _runtime(toolkit)
        return not runtime or name in runtime or name.startswith("__cudaRegisterLinkedBinary")
    return _CUDA_LIBRARIES.match(name) is not None or name in _system(compiler)


@functools.cache
def _runtime(toolkit: Toolkit) -> frozenset[str]:
    for folder in toolkit.lib_dirs:
        for library in sorted(folder.glob("libcudart.so*")):
            return frozenset(exported(library))
    return frozenset()


@functools.cache
def _system(compiler: str) -> frozenset[str]:
    names: set[str] = set()
    for library in _SYSTEM_LIBRARIES:
        done = subprocess.run([compiler, f"-print-file-name={library}"], capture_output=True, text=True)
        path = Path(done.stdout.strip())
        if path.is_absolute() and path.exists():
            names |= exported(path)
    return frozenset(names)


def _defined_twice(outcomes: Sequence[Outcome]) -> list[str]:
    counts = Counter(name for o in outcomes if o.symbols for name in o.symbols.defined)
    twice = [name for name, count in counts.items() if count > 1]
    readable = demangle(twice)
    return [f"{readable[name]} is defined in {counts[name]} units" for name in twice[:5]]


# -- a real link ---------------------------------------------------------------------------------------------------


def _link(outcomes: Sequence[Outcome], torch: Path, tools: Tools, libraries: set[str]) -> list[str]:
    """Link for real; the linker's errors, and a CUDA runtime of another major version among what the library needs."""
    folder = Path(tempfile.mkdtemp(prefix="cuport-link-"))
    try:
        objects = []
        for i, outcome in enumerate(outcomes):
            path = folder / f"{i}.o"
            path.write_bytes(outcome.output)
            objects.append(str(path))
        library = folder / "extension.so"
        cuda = any(o.request.unit.cuda_extension for o in outcomes)
        wanted = ["c10", "torch_cpu", "torch", "torch_python"] + (["c10_cuda", "torch_cuda", "cudart"] if cuda else [])
        wanted += sorted(name for name in libraries if name.startswith("torch_"))
        wanted = [name for name in wanted if name == "cudart" or (torch / "lib" / f"lib{name}.so").is_file()]
        places = [torch / "lib", runtime_folder(tools.toolkit, folder / "cuda"), *tools.toolkit.lib_dirs]
        command = [str(tools.host.path), "-shared", *objects, *[f"-L{p}" for p in places], *[f"-l{n}" for n in wanted], "-o", str(library)]
        finished = run_one(command, folder)
        if finished.returncode:
            lines = [
                line
                for line in finished.output.splitlines()
                if "undefined reference" in line or "multiple definition" in line or "cannot find" in line
            ]
            return [line.rpartition("ld: ")[2] for line in lines[:5]] or [finished.output.strip()[-300:]]
        return foreign_runtimes(library, tools.toolkit.version[0])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def runtime_folder(toolkit: Toolkit, folder: Path) -> Path:
    """A folder with a `libcudart.so` of this very toolkit: the pip wheels hold only `libcudart.so.13`."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in toolkit.lib_dirs:
        versions = [p for p in sorted(place.glob("libcudart.so*")) if p.is_file()]
        if versions:
            link = folder / "libcudart.so"
            if not link.exists():
                link.symlink_to(versions[0])
            break
    return folder


def foreign_runtimes(library: Path, major: int) -> list[str]:
    """Complaints about a CUDA runtime that is not the toolkit's, which would be a second runtime in the process."""
    found = [name for name in needed(library) if name.startswith("libcudart.so")]
    return [
        f"{library.name} needs {name}, but it was compiled with CUDA {major}: another CUDA's libcudart.so comes first when linking"
        for name in found
        if name != f"libcudart.so.{major}" and not name.startswith(f"libcudart.so.{major}.")
    ]
