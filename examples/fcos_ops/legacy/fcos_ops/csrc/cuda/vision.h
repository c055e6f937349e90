#pragma once
#include <torch/extension.h>

#include <tuple>
#include <vector>

at::Tensor nms_cuda(const at::Tensor& dets, const at::Tensor& scores, const float threshold);

at::Tensor ml_nms_cuda(const at::Tensor& dets, const at::Tensor& scores,
                       const at::Tensor& labels, const float threshold);

at::Tensor ROIAlign_forward_cuda(const at::Tensor& input,
                                 const at::Tensor& rois,
                                 const float spatial_scale,
                                 const int pooled_height,
                                 const int pooled_width,
                                 const int sampling_ratio);

at::Tensor ROIAlign_backward_cuda(const at::Tensor& grad,
                                  const at::Tensor& rois,
                                  const float spatial_scale,
                                  const int pooled_height,
                                  const int pooled_width,
                                  const int batch_size,
                                  const int channels,
                                  const int height,
                                  const int width,
                                  const int sampling_ratio);

std::tuple<at::Tensor, at::Tensor> ROIPool_forward_cuda(const at::Tensor& input,
                                                        const at::Tensor& rois,
                                                        const float spatial_scale,
                                                        const int pooled_height,
                                                        const int pooled_width);

at::Tensor ROIPool_backward_cuda(const at::Tensor& grad,
                                 const at::Tensor& input,
                                 const at::Tensor& rois,
                                 const at::Tensor& argmax,
                                 const float spatial_scale,
                                 const int pooled_height,
                                 const int pooled_width);

at::Tensor SigmoidFocalLoss_forward_cuda(const at::Tensor& logits,
                                         const at::Tensor& targets,
                                         const int num_classes,
                                         const float gamma,
                                         const float alpha);

at::Tensor SigmoidFocalLoss_backward_cuda(const at::Tensor& logits,
                                          const at::Tensor& targets,
                                          const at::Tensor& d_losses,
                                          const int num_classes,
                                          const float gamma,
                                          const float alpha);

at::Tensor SigmoidFocalLoss_sum_cuda(const at::Tensor& losses);

at::Tensor deform_conv_forward_cuda(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step);

std::vector<at::Tensor> deform_conv_backward_input_cuda(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
    const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step);

at::Tensor deform_conv_backward_parameters_cuda(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
    const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step);

at::Tensor modulated_deform_conv_forward_cuda(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
    const at::Tensor& offset, const at::Tensor& mask,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, bool with_bias, int im2col_step);

std::vector<at::Tensor> modulated_deform_conv_backward_cuda(
    const at::Tensor& input, const at::Tensor& weight,
    const at::Tensor& offset, const at::Tensor& mask, const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, bool with_bias, int im2col_step);

std::tuple<at::Tensor, at::Tensor> deform_psroi_pooling_cuda_forward(
    const at::Tensor& input, const at::Tensor& rois, const at::Tensor& trans,
    int no_trans, float spatial_scale, int output_dim, int group_size,
    int pooled_size, int part_size, int sample_per_part, float trans_std);

std::tuple<at::Tensor, at::Tensor> deform_psroi_pooling_cuda_backward(
    const at::Tensor& out_grad, const at::Tensor& input, const at::Tensor& rois,
    const at::Tensor& trans, const at::Tensor& top_count,
    int no_trans, float spatial_scale, int output_dim, int group_size,
    int pooled_size, int part_size, int sample_per_part, float trans_std);
