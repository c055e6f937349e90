#pragma once
#include <ATen/ATen.h>
#include <ATen/AccumulateType.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>
#include <limits>

#include "../common.h"

#define CUDA_1D_KERNEL_LOOP(i, n)                                \
  for (long i = blockIdx.x * (long)blockDim.x + threadIdx.x; i < (n); \
       i += (long)blockDim.x * gridDim.x)

// TENSOR is a tensor, not a type
#define DISPATCH_FLOAT_AND_DOUBLE(TENSOR, NAME, ...) \
  AT_DISPATCH_FLOATING_TYPES((TENSOR).type(), NAME, __VA_ARGS__)

// TYPE is x.type(), as for AT_DISPATCH_*
#define DISPATCH_FLOAT_DOUBLE_HALF(TYPE, NAME, ...) \
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(TYPE, NAME, __VA_ARGS__)

#define CHECK_SAME_TYPE(a, b)                                \
  AT_CHECK((a).type() == (b).type(), #a " and " #b,          \
           " must have the same type and be on one device")

// the kernels index with int
#define CHECK_INT_INDEX(x)                                              \
  AT_CHECK((x).numel() < std::numeric_limits<int>::max() - 1024 * 1024, \
           #x " has too many elements")
