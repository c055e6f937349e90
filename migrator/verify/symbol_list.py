"""Which symbols a torch release's libraries export, as a list small enough to ship.

Only names of torch's own (at, c10, torch, caffe2, TH, THC) are kept, each as 5 bytes of its hash; the sorted numbers'
differences are packed and compressed. A name that is not exported passes for exported once in some ten million.

A list is made from an installed torch:  python migrator/verify/data/make_symbols.py FOLDER/torch/lib 2.15.0
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from migrator.toolchain.cache import cache_root

from .symbols import exported

DATA = Path(__file__).parent / "data"
MAGIC = b"cuport symbols 1\n"
WIDTH = 5

# What cpp_extension links a CUDA extension with. libtorch_cuda_linalg is not among them, and is loaded late.
LINKED = (
    "libc10.so",
    "libc10_cuda.so",
    "libtorch.so",
    "libtorch_cpu.so",
    "libtorch_cuda.so",
    "libtorch_cuda_cpp.so",
    "libtorch_cuda_cu.so",
    "libtorch_python.so",
)
_TORCH = re.compile(r"N?K?(?:2at|3c10|5torch|6caffe2)|\b_?THC?[A-Z]")


def is_torch_name(name: str) -> bool:
    """Whether a mangled name speaks of torch: only those are torch's to export."""
    return _TORCH.search(name) is not None


def write_list(libraries: Iterable[Path], path: Path) -> int:
    """Write the list of what the libraries export; the number of names."""
    names = {name for library in libraries for name in exported(library) if is_torch_name(name) or "_" not in name}
    numbers = sorted({_number(name) for name in names})
    packed = bytearray()
    last = 0
    for number in numbers:
        step, last = number - last, number
        while step >= 128:
            packed.append(step & 127 | 128)
            step >>= 7
        packed.append(step)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(MAGIC + zlib.compress(bytes(packed), 9))
    return len(numbers)


class SymbolList:
    """The exported names of one release; `in` answers by hash."""

    def __init__(self, numbers: frozenset[int]) -> None:
        self._numbers = numbers

    def __contains__(self, name: str) -> bool:
        return _number(name) in self._numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @classmethod
    def read(cls, path: Path) -> SymbolList:
        data = path.read_bytes()
        if not data.startswith(MAGIC):
            raise ValueError(f"{path} is not a symbol list")
        numbers: list[int] = []
        last = shift = step = 0
        for byte in zlib.decompress(data[len(MAGIC) :]):
            step |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                last += step
                numbers.append(last)
                shift = step = 0
        return cls(frozenset(numbers))


def symbols_of(release: str) -> SymbolList | None:
    """The list of a release, shipped or made here; None where there is none."""
    for folder in (DATA, cache_root() / "symbols"):
        path = folder / f"symbols-{release}.bin"
        if path.is_file():
            try:
                return SymbolList.read(path)
            except (ValueError, zlib.error):
                continue
    return None


def symbols_of_installed(torch: Path, release: str) -> SymbolList:
    """The list of the installed torch, made once and kept."""
    found = symbols_of(release)
    if found is None:
        path = cache_root() / "symbols" / f"symbols-{release}.bin"
        write_list(linked_libraries(torch / "lib"), path)
        found = SymbolList.read(path)
    return found


def linked_libraries(folder: Path) -> list[Path]:
    return [folder / name for name in LINKED if (folder / name).is_file()]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=WIDTH).digest(), "big")
