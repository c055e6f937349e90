#pragma once
#include <tuple>

#include "common.h"

#ifdef WITH_CUDA
#include "cuda/vision.h"
#endif

std::tuple<at::Tensor, at::Tensor> deform_psroi_pooling_forward(
    const at::Tensor& input, const at::Tensor& rois, const at::Tensor& trans,
    int no_trans, float spatial_scale, int output_dim, int group_size,
    int pooled_size, int part_size, int sample_per_part, float trans_std) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return deform_psroi_pooling_cuda_forward(
        input, rois, trans, no_trans, spatial_scale, output_dim, group_size,
        pooled_size, part_size, sample_per_part, trans_std);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("deform_psroi_pooling: not implemented on the CPU");
}

std::tuple<at::Tensor, at::Tensor> deform_psroi_pooling_backward(
    const at::Tensor& out_grad, const at::Tensor& input, const at::Tensor& rois,
    const at::Tensor& trans, const at::Tensor& top_count,
    int no_trans, float spatial_scale, int output_dim, int group_size,
    int pooled_size, int part_size, int sample_per_part, float trans_std) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return deform_psroi_pooling_cuda_backward(
        out_grad, input, rois, trans, top_count, no_trans, spatial_scale, output_dim,
        group_size, pooled_size, part_size, sample_per_part, trans_std);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("deform_psroi_pooling: not implemented on the CPU");
}
