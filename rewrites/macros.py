"""What ``#if`` conditions may count on at the target: version macros of CUDA and torch, and the macros that torch defines or dropped.

An arm that is known to be dead at every release of the range is for other releases: it is left as it is.
"""

from __future__ import annotations

from migrator.releases import Release
from migrator.rewrite import Settings

# What is for ROCm is not CUDA's: arms that ask for it stay as they are.
_ROCM = ("USE_ROCM", "__HIPCC__", "__HIP_PLATFORM_AMD__", "__HIP_PLATFORM_HCC__", "__HIP_DEVICE_COMPILE__")


class _Known(dict):
    """Known macros, with the families that setup.py scripts define (``VERSION_GE_1_3``)."""

    def __init__(self, values: dict[str, int | None], floor: Release):
        super().__init__(values)
        self.floor = floor

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self._family(str(name)) is not None

    def __getitem__(self, name: str) -> int | None:
        return super().__getitem__(name) if super().__contains__(name) else self._family(name)

    def _family(self, name: str) -> int | None:
        head, _, tail = name.partition("VERSION_GE_")
        parts = tail.split("_")
        if head in ("", "TORCH_", "PYTORCH_") and len(parts) == 2 and all(p.isdigit() for p in parts):
            return 1 if tuple(map(int, parts)) <= self.floor else None
        return None


def known_macros(settings: Settings) -> dict[str, int | None]:
    """Macro -> its value at the target; None for one that is not defined there."""
    floor = settings.min_torch[:2]
    cuda = settings.cuda[0] * 1000 + settings.cuda[1] * 10
    values: dict[str, int | None] = dict.fromkeys(_ROCM)
    if floor >= (2, 0):
        values |= {"CUDA_VERSION": cuda, "CUDART_VERSION": cuda, "__CUDACC_VER_MAJOR__": settings.cuda[0]}
    if floor >= (1, 5):
        values |= {"AT_CHECK": None, "TORCH_CHECK": 1, "THCudaCheck": None if floor >= (1, 11) else 1}
    if floor[0] == settings.target[0]:
        values["TORCH_VERSION_MAJOR"] = floor[0]
        if floor == settings.target[:2]:
            values["TORCH_VERSION_MINOR"] = floor[1]
    return _Known(values, floor)
