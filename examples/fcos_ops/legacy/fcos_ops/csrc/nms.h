#pragma once
#include "cpu/vision.h"

#ifdef WITH_CUDA
#include "cuda/vision.h"
#endif

at::Tensor nms(const at::Tensor& dets,
               const at::Tensor& scores,
               const float threshold) {
  AT_CHECK(dets.dim() == 2 && dets.size(1) == 4, "dets must be [n, 4], got ", dets.sizes());
  AT_CHECK(dets.size(0) == scores.size(0), "dets and scores must have the same length");
  if (dets.type().is_cuda()) {
#ifdef WITH_CUDA
    if (dets.numel() == 0)
      return at::empty({0}, dets.options().dtype(at::kLong));
    return nms_cuda(dets, scores, threshold);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  return nms_cpu(dets, scores, threshold);
}
