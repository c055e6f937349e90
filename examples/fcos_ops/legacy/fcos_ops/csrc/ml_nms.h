#pragma once
#include "common.h"

#ifdef WITH_CUDA
#include "cuda/vision.h"
#endif

// Boxes suppress each other only within one class.
at::Tensor ml_nms(const at::Tensor& dets,
                  const at::Tensor& scores,
                  const at::Tensor& labels,
                  const float threshold) {
  AT_CHECK(dets.dim() == 2 && dets.size(1) == 4, 1, "dets must be [n, 4]");
  AT_CHECK(labels.type().scalarType() == at::kLong, 3, "labels must be int64");
  if (dets.type().is_cuda()) {
#ifdef WITH_CUDA
    if (dets.numel() == 0)
      return at::empty({0}, dets.options().dtype(at::kLong));
    return ml_nms_cuda(dets, scores, labels, threshold);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("ml_nms: CPU version not implemented");
}
