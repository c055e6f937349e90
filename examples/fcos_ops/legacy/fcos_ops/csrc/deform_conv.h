#pragma once
#include <vector>

#include "common.h"

#ifdef WITH_CUDA
#include "cuda/vision.h"
#endif

at::Tensor deform_conv_forward(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return deform_conv_forward_cuda(
        input, weight, offset, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
        group, deformable_group, im2col_step);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("deform_conv: not implemented on the CPU");
}

std::vector<at::Tensor> deform_conv_backward_input(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
    const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return deform_conv_backward_input_cuda(
        input, weight, offset, grad_output, stride_h, stride_w, pad_h, pad_w,
        dilation_h, dilation_w, group, deformable_group, im2col_step);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("deform_conv: not implemented on the CPU");
}

at::Tensor deform_conv_backward_parameters(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
    const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return deform_conv_backward_parameters_cuda(
        input, weight, offset, grad_output, stride_h, stride_w, pad_h, pad_w,
        dilation_h, dilation_w, group, deformable_group, im2col_step);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("deform_conv: not implemented on the CPU");
}

at::Tensor modulated_deform_conv_forward(
    const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
    const at::Tensor& offset, const at::Tensor& mask,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, bool with_bias, int im2col_step) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return modulated_deform_conv_forward_cuda(
        input, weight, bias, offset, mask, stride_h, stride_w, pad_h, pad_w,
        dilation_h, dilation_w, group, deformable_group, with_bias, im2col_step);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("modulated_deform_conv: not implemented on the CPU");
}

std::vector<at::Tensor> modulated_deform_conv_backward(
    const at::Tensor& input, const at::Tensor& weight,
    const at::Tensor& offset, const at::Tensor& mask, const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, bool with_bias, int im2col_step) {
  if (input.type().is_cuda()) {
#ifdef WITH_CUDA
    return modulated_deform_conv_backward_cuda(
        input, weight, offset, mask, grad_output, stride_h, stride_w, pad_h, pad_w,
        dilation_h, dilation_w, group, deformable_group, with_bias, im2col_step);
#else
    AT_ERROR("Not compiled with GPU support");
#endif
  }
  AT_ERROR("modulated_deform_conv: not implemented on the CPU");
}
