// Host-side names of old torch releases that no single release has together, for `cuport verify --prove`.
//
// Included before an original source when it does not compile without. Only macros for host code stand here: device
// code is compared, so nothing in this file may change it. CUDA intrinsics such as __shfl are left undefined.
#pragma once

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/util/Exception.h>

#ifndef TORCH_CHECK
#define TORCH_CHECK AT_CHECK
#endif
#ifndef AT_CHECK
#define AT_CHECK TORCH_CHECK
#endif
#ifndef AT_WARN
#define AT_WARN TORCH_WARN
#endif
#ifndef AT_INDEX_ERROR
#define AT_INDEX_ERROR(...) TORCH_CHECK_INDEX(false, __VA_ARGS__)
#endif
#ifndef CAFFE2_API
#define CAFFE2_API
#endif
#ifndef TORCH_CUDA_API
#define TORCH_CUDA_API
#endif

// Functions of THCGeneral.h that went in 1.4 and 1.5. Macros with arguments: a declaration of the same name in the
// release's own header would be hit too, so they stand only where the release has none.
#if defined(__has_include)
#if __has_include(<c10/util/string_view.h>) && __has_include(<THC/THCGeneral.h>) && !__has_include(<torch/csrc/jit/custom_operator.h>)
#include <THC/THCGeneral.h>
#define THCState_getCurrentStream(state) (at::cuda::getCurrentCUDAStream().stream())
#define THCState_getCurrentStreamOnDevice(state, device) (at::cuda::getCurrentCUDAStream(device).stream())
#define THCState_getCurrentBlasHandle(state) (at::cuda::getCurrentCUDABlasHandle())
#define THCState_getCurrentDeviceProperties(state) (at::cuda::getCurrentDeviceProperties())
#define THCState_getNumDevices(state) (at::cuda::device_count())
#endif
#endif
