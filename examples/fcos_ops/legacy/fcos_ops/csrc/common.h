#pragma once
#include <torch/extension.h>

// PyTorch 1.0 and 1.1 have no TORCH_CHECK
#ifndef TORCH_CHECK
#define TORCH_CHECK AT_CHECK
#endif

#define CHECK_CUDA(x) \
  AT_CHECK((x).type().is_cuda(), \
           #x " must be a CUDA tensor")
#define CHECK_CPU(x) \
  AT_CHECK(!(x).type().is_cuda(), #x, " must be a CPU tensor")
#define CHECK_CONTIGUOUS(x) AT_CHECK((x).is_contiguous(), #x " must be contiguous")
#define CHECK_INPUT(x) \
  CHECK_CUDA(x);       \
  CHECK_CONTIGUOUS(x)
#define CHECK_ROIS(x)                                   \
  AT_CHECK((x).dim() == 2 && (x).size(1) == 5,          \
           #x " must be [num_rois, 5], got ", (x).sizes())
