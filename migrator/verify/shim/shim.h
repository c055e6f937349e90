// Host-side names of old torch releases that no single release has together, for `cuport verify --prove`.
//
// Included before an original source when it does not compile without. Only macros for host code stand here: device
// code is compared, so nothing in this file may change it. The one exception is asked for by CUPORT_WARP_MASKS and said in
// the report: kernels that are equal with it are "changed as expected", not "identical".
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

// CUDA 13 has none of these; what the rewrite warp-intrinsics makes of them.
#ifdef CUPORT_WARP_MASKS
#define __shfl(...) __shfl_sync(0xffffffff, __VA_ARGS__)
#define __shfl_up(...) __shfl_up_sync(0xffffffff, __VA_ARGS__)
#define __shfl_down(...) __shfl_down_sync(0xffffffff, __VA_ARGS__)
#define __shfl_xor(...) __shfl_xor_sync(0xffffffff, __VA_ARGS__)
#define __ballot(...) __ballot_sync(0xffffffff, __VA_ARGS__)
#define __any(...) __any_sync(0xffffffff, __VA_ARGS__)
#define __all(...) __all_sync(0xffffffff, __VA_ARGS__)
#endif
