"""Ask ATen, not ``THCState`` or the global context, for the current stream, handle and device.

``THCState_getCurrentStream`` was removed in torch 1.5 (pytorch/pytorch#33376), ``THCState_getCurrentBlasHandle`` in 1.4, the
methods of the global context before 1.0.

Before:
    kernel<<<grid, block, 0, THCState_getCurrentStream(state)>>>(n);
After:
    #include <ATen/cuda/CUDAContext.h>
    kernel<<<grid, block, 0, at::cuda::getCurrentCUDAStream()>>>(n);
"""

from migrator.rewrite import Case, Rewrite

HEADER = "ATen/cuda/CUDAContext.h"

rewrite = Rewrite(
    "thc-current-stream",
    __doc__,
    cases=(
        Case("THCState_getCurrentStream($state)", "at::cuda::getCurrentCUDAStream()", HEADER),
        Case("THCState_getCurrentStreamOnDevice($state, $device)", "at::cuda::getCurrentCUDAStream($device)", HEADER),
        Case("THCState_getCurrentBlasHandle($state)", "at::cuda::getCurrentCUDABlasHandle()", HEADER),
        Case("THCState_getCurrentSparseHandle($state)", "at::cuda::getCurrentCUDASparseHandle()", HEADER),
        Case("THCState_getCurrentDeviceProperties($state)", "at::cuda::getCurrentDeviceProperties()", HEADER),
        Case("THCState_getDeviceProperties($state, $device)", "at::cuda::getDeviceProperties($device)", HEADER),
        Case("THCState_getNumDevices($state)", "at::cuda::device_count()", HEADER),
        Case("at::globalContext().getCurrentCUDAStream()", "at::cuda::getCurrentCUDAStream()", HEADER),
        Case("globalContext().getCurrentCUDAStream()", "at::cuda::getCurrentCUDAStream()", HEADER),
        Case("at::globalContext().getCurrentCUDABlasHandle()", "at::cuda::getCurrentCUDABlasHandle()", HEADER),
        Case("at::globalContext().getCurrentCUDASparseHandle()", "at::cuda::getCurrentCUDASparseHandle()", HEADER),
        Case("at::globalContext().getCurrentCUDAStreamOnDevice($device)", "at::cuda::getCurrentCUDAStream($device)", HEADER),
        Case("at::globalContext().getCurrentDeviceProperties()", "at::cuda::getCurrentDeviceProperties()", HEADER),
        Case("at::globalContext().getDeviceProperties($device)", "at::cuda::getDeviceProperties($device)", HEADER),
        Case("at::globalContext().getNumGPUs()", "at::cuda::device_count()", HEADER),
    ),
    removed_in="1.5",
    link="https://github.com/pytorch/pytorch/pull/33376",
)
