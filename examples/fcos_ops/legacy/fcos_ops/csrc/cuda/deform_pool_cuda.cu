#include "cuda_helpers.h"
#include "vision.h"

#include "THC/THCGeneral.h"

#include <vector>

extern THCState *state;

void DeformablePSROIPoolForward(THCState* state,
                                const at::Tensor data, const at::Tensor bbox, const at::Tensor trans,
                                at::Tensor out, at::Tensor top_count,
                                const int channels_trans, const int no_trans, const float spatial_scale,
                                const int output_dim, const int group_size, const int pooled_size,
                                const int part_size, const int sample_per_part, const float trans_std);

void DeformablePSROIPoolBackwardAcc(THCState* state,
                                    const at::Tensor out_grad, const at::Tensor data, const at::Tensor bbox,
                                    const at::Tensor trans, const at::Tensor top_count,
                                    at::Tensor in_grad, at::Tensor trans_grad,
                                    const int channels_trans, const int no_trans, const float spatial_scale,
                                    const int output_dim, const int group_size, const int pooled_size,
                                    const int part_size, const int sample_per_part, const float trans_std);

static void pool_check(const at::Tensor& input, const at::Tensor& bbox, const at::Tensor& trans,
                       int no_trans, int output_dim, int group_size, int pooled_size, int part_size,
                       int sample_per_part) {
  CHECK_CUDA(input);
  CHECK_CUDA(bbox);
  CHECK_SAME_TYPE(input, bbox);
  CHECK_ROIS(bbox);
  AT_CHECK(pooled_size > 0 && part_size > 0 && sample_per_part > 0 && group_size > 0 && output_dim > 0,
           "sizes must be positive");
  AT_CHECK(input.size(1) == output_dim * group_size * group_size,
           "input must have output_dim * group_size^2 channels");
  if (no_trans)
    return;
  CHECK_CUDA(trans);
  CHECK_SAME_TYPE(input, trans);
  if (trans.dim() != 4 || trans.size(0) != bbox.size(0) || trans.size(1) % 2 != 0 || trans.size(1) == 0 ||
      trans.size(2) != part_size || trans.size(3) != part_size)
    AT_ERROR("trans must be [%d, 2 * classes, %d, %d]", static_cast<int>(bbox.size(0)), part_size, part_size);
  AT_CHECK(output_dim % (trans.size(1) / 2) == 0, 3, "output_dim must be a multiple of the classes of trans");
}

std::tuple<at::Tensor, at::Tensor> deform_psroi_pooling_cuda_forward(
    const at::Tensor& input_, const at::Tensor& bbox_, const at::Tensor& trans_,
    int no_trans, float spatial_scale, int output_dim, int group_size,
    int pooled_size, int part_size, int sample_per_part, float trans_std) {
  pool_check(input_, bbox_, trans_, no_trans, output_dim, group_size, pooled_size, part_size, sample_per_part);
  at::cuda::CUDAGuard device_guard(input_.device());
  auto input = input_.contiguous();
  auto bbox = bbox_.contiguous();
  auto trans = trans_.contiguous();

  const int channels_trans = no_trans ? 2 : trans.size(1);
  auto out = at::zeros({bbox.size(0), output_dim, pooled_size, pooled_size}, input.type());
  auto top_count = at::zeros({bbox.size(0), output_dim, pooled_size, pooled_size}, input.type());
  if (out.numel() == 0) {
    return std::make_tuple(out, top_count);
  }
  DeformablePSROIPoolForward(state, input, bbox, trans, out, top_count, channels_trans, no_trans,
                             spatial_scale, output_dim, group_size, pooled_size, part_size,
                             sample_per_part, trans_std);
  return std::make_tuple(out, top_count);
}

std::tuple<at::Tensor, at::Tensor> deform_psroi_pooling_cuda_backward(
    const at::Tensor& out_grad_, const at::Tensor& input_, const at::Tensor& bbox_,
    const at::Tensor& trans_, const at::Tensor& top_count,
    int no_trans, float spatial_scale, int output_dim, int group_size,
    int pooled_size, int part_size, int sample_per_part, float trans_std) {
  pool_check(input_, bbox_, trans_, no_trans, output_dim, group_size, pooled_size, part_size, sample_per_part);
  CHECK_CUDA(out_grad_);
  CHECK_INPUT(top_count);
  CHECK_SAME_TYPE(input_, out_grad_);
  AT_ASSERT(out_grad_.numel() == top_count.numel());
  at::cuda::CUDAGuard device_guard(input_.device());
  auto out_grad = out_grad_.contiguous();
  auto input = input_.contiguous();
  auto bbox = bbox_.contiguous();
  auto trans = trans_.contiguous();

  const int channels_trans = no_trans ? 2 : trans.size(1);
  auto input_grad = at::zeros_like(input);
  auto trans_grad = at::zeros_like(trans);
  if (out_grad.numel() == 0) {
    return std::make_tuple(input_grad, trans_grad);
  }
  DeformablePSROIPoolBackwardAcc(state, out_grad, input, bbox, trans, top_count, input_grad, trans_grad,
                                 channels_trans, no_trans, spatial_scale, output_dim, group_size, pooled_size,
                                 part_size, sample_per_part, trans_std);
  THCudaCheck(cudaGetLastError());
  return std::make_tuple(input_grad, trans_grad);
}
