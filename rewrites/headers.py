"""What torch's headers give (read from the headers of 1.11 to 2.15)."""

from migrator.includes import HeaderKnowledge

_CONTEXT = frozenset(
    {
        "ATen/cuda/Exceptions.h",
        "c10/cuda/CUDAStream.h",
        "c10/cuda/CUDAException.h",
        "c10/cuda/CUDAMacros.h",
        "c10/cuda/CUDAFunctions.h",
        "ATen/Context.h",
        "cuda_runtime.h",
        "cublas_v2.h",
    }
)
_LIBRARY = frozenset({"torch/library.h"})
_ATEN = frozenset(
    {
        "ATen/Dispatch.h",
        "ATen/core/Tensor.h",
        "ATen/core/TensorAccessor.h",
        "c10/util/Exception.h",
        "c10/util/Half.h",
        "c10/util/Optional.h",
        "c10/util/StringUtil.h",
    }
)

KNOWLEDGE = HeaderKnowledge(
    provides={
        "ATen/cuda/CUDAContext.h": _CONTEXT,
        "ATen/cuda/Exceptions.h": frozenset({"c10/cuda/CUDAException.h", "c10/util/Exception.h", "cublas_v2.h"}),
        "c10/cuda/CUDAException.h": frozenset({"c10/util/Exception.h"}),
        "ATen/ATen.h": _ATEN,
        "torch/types.h": _ATEN | _LIBRARY | {"ATen/ATen.h"},
        "torch/extension.h": _ATEN | _LIBRARY | {"ATen/ATen.h", "torch/types.h"},
        "torch/torch.h": _ATEN | _LIBRARY | {"ATen/ATen.h", "torch/types.h", "torch/extension.h"},
        "torch/script.h": _ATEN | _LIBRARY | {"ATen/ATen.h", "torch/types.h"},
        "torch/serialize/tensor.h": _ATEN | {"ATen/ATen.h"},
        "torch/all.h": _ATEN | _LIBRARY | {"ATen/ATen.h", "torch/types.h"},
        "ATen/cuda/CUDAApplyUtils.cuh": frozenset({"ATen/ceil_div.h", "ATen/cuda/ApplyGridUtils.cuh", "ATen/cuda/detail/TensorInfo.cuh"}),
        "THC/THCAtomics.cuh": frozenset({"ATen/cuda/Atomic.cuh"}),
        "THC/THCDeviceUtils.cuh": frozenset({"ATen/cuda/DeviceUtils.cuh"}),
    },
    device_only=frozenset(
        {
            "ATen/cuda/Atomic.cuh",
            "ATen/cuda/DeviceUtils.cuh",
            "ATen/cuda/NumericLimits.cuh",
            "ATen/cuda/CUDAApplyUtils.cuh",
            "ATen/cuda/detail/TensorInfo.cuh",
        }
    ),
)
