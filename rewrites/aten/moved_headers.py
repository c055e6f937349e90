"""Include headers where they are now.

Headers of ATen, c10 and torch that moved or were folded into others, with the release that dropped the old path.

Before:
    #include <ATen/Error.h>
After:
    #include <c10/util/Exception.h>
"""

from migrator import releases
from migrator.includes import removal, renaming
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "moved-headers"
# old -> (new or None where nothing is needed, first release without the old one)
MOVED: dict[str, tuple[str | None, str]] = {
    "ATen/Error.h": ("c10/util/Exception.h", "1.0"),
    "ATen/core/Error.h": ("c10/util/Exception.h", "1.0"),
    "ATen/Half.h": ("c10/util/Half.h", "1.1"),
    "ATen/core/Half.h": ("c10/util/Half.h", "1.1"),
    "ATen/optional.h": ("c10/util/Optional.h", "1.0"),
    "ATen/core/optional.h": ("c10/util/Optional.h", "1.0"),
    "ATen/Type.h": ("ATen/ATen.h", "1.2"),
    "ATen/core/Type.h": ("ATen/ATen.h", "1.2"),
    "ATen/cuda/CUDAGuard.h": ("c10/cuda/CUDAGuard.h", "1.1"),
    "ATen/cuda/CUDAStream.h": ("c10/cuda/CUDAStream.h", "1.1"),
    "ATen/cuda/CUDAMultiStreamGuard.h": ("c10/cuda/CUDAGuard.h", "1.9"),
    "ATen/cuda/Array.h": (None, "1.2"),
    "ATen/CPUGenerator.h": ("ATen/CPUGeneratorImpl.h", "1.6"),
    "ATen/CUDAGenerator.h": ("ATen/cuda/CUDAGeneratorImpl.h", "1.6"),
    "ATen/CUDAGeneratorImpl.h": ("ATen/cuda/CUDAGeneratorImpl.h", "1.11"),
    "ATen/cudnn/Exceptions.h": ("ATen/cuda/Exceptions.h", "2.6"),
    "ATen/LegacyTHFunctionsCUDA.h": (None, "1.10"),
    "torch/csrc/jit/custom_operator.h": ("torch/csrc/jit/runtime/custom_operator.h", "1.5"),
    "torch/csrc/jit/script/module.h": ("torch/csrc/jit/api/module.h", "1.5"),
    "torch/csrc/utils/auto_gil.h": ("pybind11/gil.h", "2.2"),
    "torch/csrc/utils/cuda_lazy_init.h": ("torch/csrc/utils/device_lazy_init.h", "2.3"),
    "torch/csrc/utils/memory.h": ("memory", "2.2"),
    "torch/csrc/utils/six.h": (None, "2.12"),
    "torch/csrc/utils/auto_gpu.h": ("c10/core/DeviceGuard.h", "1.0"),
    "torch/csrc/THP_export.h": (None, "1.11"),
    "c10/util/in_place.h": ("utility", "2.3"),
    "c10/util/variant.h": ("variant", "2.2"),
    "c10/util/math_compat.h": ("cmath", "2.3"),
    "c10/util/Array.h": ("array", "2.14"),
    "ATen/NamedTensor.h": (None, "2.13"),
    "ATen/NamedTensorUtils.h": (None, "2.13"),
    "ATen/Dimname.h": (None, "2.13"),
    "nvToolsExt.h": ("nvtx3/nvToolsExt.h", "2.6"),
}


# new headers that are younger than 1.1: the first release that has them
SINCE = {
    "ATen/CPUGeneratorImpl.h": "1.6",
    "ATen/cuda/CUDAGeneratorImpl.h": "1.11",
    "torch/csrc/jit/api/module.h": "1.5",
    "torch/csrc/jit/runtime/custom_operator.h": "1.5",
    "torch/csrc/utils/device_lazy_init.h": "2.3",
}
GENERATOR = "ATen/cuda/CUDAGeneratorImpl.h"


def fix(ctx):
    for include in ctx.includes():
        entry = MOVED.get(include.name)
        if entry is None or ctx.project.local_include(include, ctx.path) is not None or ctx.tree.in_disabled(include.start):
            continue
        new, removed = entry
        if releases.parse(removed) > ctx.settings.target:
            continue
        if new == GENERATOR and (1, 6) <= settings_floor(ctx) < (1, 11):
            yield Change(ID, (removal(ctx.file, include),), compat=("cuda-generator",))
            continue
        since = SINCE.get(new or "")
        if since is not None and releases.parse(since) > settings_floor(ctx):
            advice = f"raise --min-torch to {since}, or ask with __has_include"
            yield Finding(ID, include.start, f"{include.name} became {new}, which exists since torch {since}", advice)
            continue
        if new is None or new in ctx.project.all_includes(ctx.path):
            yield Change(ID, (removal(ctx.file, include),))
        else:
            yield Change(ID, (renaming(ctx.file, include, new),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"include"}), removed_in="1.0", order=2, link="https://github.com/pytorch/pytorch/tree/v2.15.0/aten/src/ATen"
)  # fmt: skip
