"""Include ATen's headers instead of THC's.

All of TH and THC went with torch 1.11 (pytorch/pytorch#65492) but for two headers that only forward. What came through ``THC/THC.h``
is included by name; a header of the project's own that has such a name is left alone.

Before:
    #include <THC/THC.h>
    #include <THC/THCAtomics.cuh>
    float *p = (float *)c10::cuda::CUDACachingAllocator::raw_alloc(4);
After:
    #include <ATen/cuda/CUDAContext.h>
    #include <ATen/cuda/Atomic.cuh>
    float *p = (float *)c10::cuda::CUDACachingAllocator::raw_alloc(4);
"""

import re

from migrator import releases
from migrator.includes import removal, renaming
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "thc-headers"

CONTEXT = "ATen/cuda/CUDAContext.h"
# header -> (replacement, or None to drop it; first release without the old one)
MOVED: dict[str, tuple[str | None, str]] = {
    "THC/THC.h": (CONTEXT, "1.11"),
    "THC.h": (CONTEXT, "1.11"),
    "THC/THCGeneral.h": (CONTEXT, "1.11"),
    "THC/THCGeneral.hpp": (CONTEXT, "1.11"),
    "THC/THCAtomics.cuh": ("ATen/cuda/Atomic.cuh", "1.11"),
    "THCAtomics.cuh": ("ATen/cuda/Atomic.cuh", "1.11"),
    "THC/THCDeviceUtils.cuh": ("ATen/cuda/DeviceUtils.cuh", "1.11"),
    "THCDeviceUtils.cuh": ("ATen/cuda/DeviceUtils.cuh", "1.11"),
    "THC/THCThrustAllocator.cuh": ("ATen/cuda/ThrustAllocator.h", "1.11"),
    "THC/THCCachingHostAllocator.h": ("ATen/cuda/CachingHostAllocator.h", "1.11"),
    "THC/THCCachingAllocator.h": ("c10/cuda/CUDACachingAllocator.h", "1.1"),
    "THC/THCSleep.h": ("ATen/cuda/Sleep.h", "1.11"),
    "THC/THCScanUtils.cuh": ("ATen/cuda/ScanUtils.cuh", "1.11"),
    "THC/THCAsmUtils.cuh": ("ATen/cuda/AsmUtils.cuh", "1.11"),
    "THC/THCIntegerDivider.cuh": ("ATen/cuda/detail/IntegerDivider.cuh", "1.11"),
    "THC/THCTensorInfo.cuh": ("ATen/cuda/detail/TensorInfo.cuh", "1.10"),
    "THC/THCReduceApplyUtils.cuh": ("ATen/cuda/detail/IndexUtils.cuh", "1.10"),
    "THC/THCApply.cuh": ("ATen/cuda/CUDAApplyUtils.cuh", "1.10"),
    "THC/THCNumerics.cuh": ("ATen/NumericUtils.h", "1.11"),
    "THC/THCAllocator.h": (None, "1.11"),
    "THC/THCBlas.h": (CONTEXT, "1.8"),
    "THC/THCTensor.hpp": (None, "1.11"),
    "THC/THCTensor.h": (None, "1.11"),
    "THC/THCStorage.h": (None, "1.11"),
    "THC/THCStorage.hpp": (None, "1.11"),
    "THC/THCTensorCopy.h": (None, "1.11"),
    "THC/THCTensorCopy.hpp": (None, "1.11"),
    "THC/THCTensorMath.h": (None, "1.10"),
    "THC/THCTensorMathPointwise.cuh": (None, "1.10"),
    "THC/THCTensorTypeUtils.cuh": ("ATen/cuda/detail/IndexUtils.cuh", "1.10"),
    "THC/THCTensorSort.cuh": (None, "1.9"),
    "THC/THCReduce.cuh": (None, "1.10"),
    "THC/THCReduceAll.cuh": (None, "1.9"),
    "THC/THCSortUtils.cuh": (None, "1.10"),
    "THC/THCDeviceTensor.cuh": (None, "1.11"),
    "THC/THCDeviceTensorUtils.cuh": (None, "1.11"),
    "THC/THCStorageCopy.h": (None, "1.11"),
    "THC/THCStream.h": (CONTEXT, "1.0"),
    "THC/THCHalf.h": ("c10/util/Half.h", "1.0"),
    "THC/THCGenerator.hpp": (None, "1.2"),
    "THC/THCTensorRandom.h": (None, "1.9"),
    "TH/TH.h": (None, "1.11"),
    "TH.h": (None, "1.11"),
    "TH/THGeneral.h": (None, "1.11"),
    "TH/THTensor.h": (None, "1.11"),
    "TH/THTensor.hpp": (None, "1.11"),
    "TH/THStorage.h": (None, "1.11"),
    "TH/THHalf.h": ("c10/util/Half.h", "1.11"),
    "TH/THBlas.h": (None, "1.10"),
    "TH/THAllocator.h": (None, "1.10"),
    "TH/THTensorApply.h": (None, "1.10"),
    "TH/THTensorDimApply.h": (None, "1.10"),
    "TH/THRandom.h": (None, "1.2"),
    "TH/THMath.h": (None, "1.4"),
    "TH/THLapack.h": (None, "1.10"),
    "THCUNN/common.h": (CONTEXT, "1.0"),
    "THCUNN/THCUNN.h": (CONTEXT, "1.0"),
    "THCUNN/THCHalfAutoNumerics.cuh": ("ATen/NumericUtils.h", "1.10"),
    "THCUNN/SharedMem.cuh": (None, "1.10"),
    "THNN/THNN.h": (None, "1.0"),
    "THNN/generic/THNN.h": (None, "1.5"),
}
# torch.utils.ffi passed -I .../TH and -I .../THC: #include <THCGeneral.h>
MOVED |= {name.split("/", 1)[1]: row for name, row in MOVED.items() if name.startswith(("TH/", "THC/")) and name.split("/", 1)[1] not in MOVED}
# What is newer than the oldest release of the range may be: the header's first release, and what both ends of the range have.
_SINCE: dict[str, tuple[str, str | None]] = {
    "ATen/cuda/Atomic.cuh": ("1.11", "THC/THCAtomics.cuh"),
    "ATen/cuda/DeviceUtils.cuh": ("1.6", "THC/THCDeviceUtils.cuh"),
    "ATen/cuda/CachingHostAllocator.h": ("1.11", None),
    "ATen/cuda/Sleep.h": ("1.11", None),
    "ATen/cuda/ScanUtils.cuh": ("1.11", None),
    "ATen/cuda/AsmUtils.cuh": ("1.11", None),
    "ATen/cuda/detail/IntegerDivider.cuh": ("1.11", None),
}
_ALLOCATOR = "ATen/cuda/ThrustAllocator.h"
DEVICE_ONLY = {"ATen/cuda/Atomic.cuh", "ATen/cuda/DeviceUtils.cuh", "ATen/cuda/ScanUtils.cuh", "ATen/cuda/AsmUtils.cuh", "ATen/cuda/CUDAApplyUtils.cuh"}

# What THC/THC.h brought along, by the names that need it.
_NEEDS_CONTEXT = re.compile(
    rb"\b(?:at::cuda::|c10::cuda::getCurrent|getCurrentCUDA\w*|getDefaultCUDAStream|AT_CUDA_CHECK|AT_CUDNN_CHECK|C10_CUDA_\w+|TORCH_CUDABLAS_CHECK"
    rb"|cuda::getCurrent|CUDAStream|cublas\w+|cusparse\w+|getCurrentDeviceProperties|THCudaBlas_\w+)"
)
_NEEDS_RUNTIME = re.compile(rb"\b(?:cuda[A-Z]\w*|dim3)\b|<<<|__global__|__device__")
_CAME_THROUGH = (
    (re.compile(rb"\b(?:CUDAGuard|OptionalCUDAGuard|CUDAStreamGuard)\b"), "c10/cuda/CUDAGuard.h"),
    (re.compile(rb"\bDeviceGuard\b|\bdevice_of\b"), "ATen/DeviceGuard.h"),
    (re.compile(rb"\bCUDACachingAllocator\b"), "c10/cuda/CUDACachingAllocator.h"),
    (re.compile(rb"(?<![\w.>])(?:printf|fprintf|stderr|stdout)\b"), "cstdio"),
)
# What ATen itself gives, which these headers brought along up to 1.10 (read from their includes) and their successors do not.
_BROUGHT_ATEN = frozenset({"THC/THCAtomics.cuh", "THCAtomics.cuh", "THC/THCNumerics.cuh"})
_NEEDS_ATEN = re.compile(rb"\b(?:at|torch)::(?:Tensor|Scalar|ScalarType|IntArrayRef|IntList|empty\w*|zeros\w*|ones\w*|k[A-Z]\w+)\b|\bAT_DISPATCH_\w+")
_STDIO = {"cstdio", "stdio.h", "iostream"}


def fix(ctx):
    mine = [i for i in ctx.includes() if i.name in MOVED and ctx.project.local_include(i, ctx.path) is None]
    if not mine:
        return
    file = ctx.file
    # what the files that include this one need came through it as well
    texts = [ctx.project.files[path].data for path in sorted(ctx.project.includers(ctx.path))]
    host = ctx.project.compiled_by_host(ctx.path)
    going = {i.name for i in mine}
    have = ctx.catalogue.headers.closure(ctx.project.all_includes(ctx.path) - going)
    placed: set[str] = set()
    for include in mine:
        if ctx.tree.in_disabled(include.start):
            continue
        replacement, removed_in = MOVED[include.name]
        if replacement == _ALLOCATOR and settings_floor(ctx) < (1, 11):
            yield Change(ID, (removal(file, include),), compat=("thrust-allocator",))
            continue
        since, both = _SINCE.get(replacement or "", ("1.0", None))
        if releases.parse(since) > settings_floor(ctx):
            if both is None:
                yield Finding(
                    ID, include.start, f"{include.name} went with torch {removed_in}; {replacement} exists since torch {since}",
                    f"raise --min-torch to {since}, or include each under __has_include",
                )  # fmt: skip
                continue
            if both in placed or include.name == both:
                continue
            replacement = both
        name = replacement
        dependent = _dependent(ctx, include) if replacement == CONTEXT else []
        if name == CONTEXT and not any(_NEEDS_CONTEXT.search(text) for text in [*texts, *(text for _, text in dependent)]):
            runtime = any(_NEEDS_RUNTIME.search(text) for text in texts) or dependent
            name = "cuda_runtime.h" if host and runtime else None
        if name in DEVICE_ONLY and host:
            name = None
        if name is not None and (name in placed or name in (_before(ctx, dependent[0][0], going) if dependent else have)):
            name = None
        if name is None:
            edit = removal(file, include)
        else:
            placed.add(name)
            edit = renaming(file, include, name)
        users = texts if replacement == CONTEXT else [file.data]
        extra = tuple(header for pattern, header in _CAME_THROUGH if any(pattern.search(text) for text in users) and not (header == "cstdio" and have & _STDIO))
        if include.name in _BROUGHT_ATEN and not have & {"ATen/ATen.h", "ATen/core/Tensor.h"} and _NEEDS_ATEN.search(file.data):
            extra += ("ATen/ATen.h",)
        yield Change(ID, (edit,), extra)
    for include in mine:
        if include.name in ("THC/THCNumerics.cuh", "THC/THCDeviceTensor.cuh") and ctx.uses("THCNumerics", "ScalarConvert", "THCDeviceTensor"):
            yield Finding(ID, include.start, f"{include.name} is gone, and its names are still used", "use plain operators, static_cast, packed accessors")


def _dependent(ctx, include):
    """The project's own headers, included further down, that use CUDA and include nothing for it: (include, text)."""
    found = []
    for later in ctx.includes():
        local = ctx.project.local_include(later, ctx.path) if later.start > include.start else None
        if local is None:
            continue
        text = ctx.project.files[local].data
        if not (_NEEDS_CONTEXT.search(text) or (_NEEDS_RUNTIME.search(text) and not local.name.endswith(".cuh"))):
            continue
        if not any(name == CONTEXT or name.startswith("cuda") for name in ctx.project.all_includes(local)):
            found.append((later, text))
    return found


def _before(ctx, stop, going):
    """The headers that a file has got by the line of one of its includes."""
    names = set()
    for include in ctx.includes():
        if include.start >= stop.start:
            break
        if include.name in going:
            continue
        names.add(include.name)
        local = ctx.project.local_include(include, ctx.path)
        if local is not None:
            names |= ctx.project.all_includes(local)
    return ctx.catalogue.headers.closure(names)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"THC", "TH", "THCAtomics", "THCDeviceUtils", "THCUNN", "THNN"}),
    removed_in="1.11",
    order=2,
    cross_file=True,
    link="https://github.com/pytorch/pytorch/pull/65492",
)
