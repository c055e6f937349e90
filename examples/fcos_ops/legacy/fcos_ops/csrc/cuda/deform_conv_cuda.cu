// Host side of the deformable convolutions.
#include "cuda_helpers.h"
#include "deform_im2col.h"
#include "vision.h"

#include <vector>

// set up by PyTorch
extern THCState *state;

static DeformShape shape_check(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& offset,
                               int stride_h, int stride_w, int pad_h, int pad_w,
                               int dilation_h, int dilation_w, int group, int deformable_group) {
  CHECK_CUDA(input);
  CHECK_CUDA(weight);
  CHECK_CUDA(offset);
  CHECK_SAME_TYPE(input, weight);
  CHECK_SAME_TYPE(input, offset);
  AT_CHECK(input.dim() == 4, "4D input tensor expected but got: ", input.dim());
  AT_CHECK(weight.dim() == 4, 5, "4D weight tensor (nOutputPlane, nInputPlane, kH, kW) expected");
  AT_CHECK(stride_h > 0 && stride_w > 0,
           "stride should be greater than zero, but got stride_h: ", stride_h, " stride_w: ", stride_w);
  AT_CHECK(dilation_h > 0 && dilation_w > 0, "dilation should be greater than 0");
  CHECK_INT_INDEX(input);
  CHECK_INT_INDEX(offset);

  DeformShape s;
  s.channels = input.size(1);
  s.height = input.size(2);
  s.width = input.size(3);
  s.kernel_h = weight.size(2);
  s.kernel_w = weight.size(3);
  s.pad_h = pad_h;
  s.pad_w = pad_w;
  s.stride_h = stride_h;
  s.stride_w = stride_w;
  s.dilation_h = dilation_h;
  s.dilation_w = dilation_w;
  s.deformable_group = deformable_group;
  s.height_col = (s.height + 2 * pad_h - (dilation_h * (s.kernel_h - 1) + 1)) / stride_h + 1;
  s.width_col = (s.width + 2 * pad_w - (dilation_w * (s.kernel_w - 1) + 1)) / stride_w + 1;
  s.parallel_imgs = 0;

  AT_CHECK(group > 0 && s.channels % group == 0 && weight.size(0) % group == 0,
           "channels must be divisible by the number of groups");
  AT_CHECK(deformable_group > 0 && s.channels % deformable_group == 0,
           "input channels must divide deformable group size");
  if (weight.size(1) * group != s.channels)
    AT_ERROR("Input shape and kernel channels wont match: (%d vs %d).",
             s.channels, static_cast<int>(weight.size(1) * group));
  if (s.height_col < 1 || s.width_col < 1)
    AT_ERROR("Given input size: (%d x %d x %d). Calculated output size: (%d x %d). Output size is too small",
             s.channels, s.height, s.width, s.height_col, s.width_col);
  AT_CHECK(offset.size(0) == input.size(0), "invalid batch size of offset");
  AT_CHECK(offset.size(1) == deformable_group * 2 * s.kernel_h * s.kernel_w, "invalid number of channels of offset");
  AT_CHECK(offset.size(2) == s.height_col && offset.size(3) == s.width_col,
           "invalid spatial size of offset, expected height: ", s.height_col, " width: ", s.width_col,
           ", but got height: ", offset.size(2), " width: ", offset.size(3));
  return s;
}

static void check_grad(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& grad_output,
                       const DeformShape& s) {
  CHECK_CUDA(grad_output);
  CHECK_SAME_TYPE(input, grad_output);
  AT_CHECK(grad_output.dim() == 4 && grad_output.size(0) == input.size(0) &&
               grad_output.size(1) == weight.size(0) && grad_output.size(2) == s.height_col &&
               grad_output.size(3) == s.width_col,
           "invalid size of grad_output: ", grad_output.sizes());
}

static void check_mask(const at::Tensor& input, const at::Tensor& mask, const DeformShape& s) {
  CHECK_CUDA(mask);
  CHECK_SAME_TYPE(input, mask);
  AT_CHECK(mask.dim() == 4 && mask.size(0) == input.size(0) &&
               mask.size(1) == s.deformable_group * s.kernel_h * s.kernel_w &&
               mask.size(2) == s.height_col && mask.size(3) == s.width_col,
           "invalid size of mask: ", mask.sizes());
}

// output[start : start + n] = weight * columns
static void columns_to_output(const at::Tensor& weight, const at::Tensor& columns, const DeformShape& s,
                              int group, int64_t start, at::Tensor output) {
  const int64_t n = s.parallel_imgs, out_channels = weight.size(0);
  auto w = weight.view({group, out_channels / group, -1});
  auto c = columns.view({group, columns.size(0) / group, columns.size(1)});
  auto out = at::bmm(w, c).view({out_channels, n, s.height_col, s.width_col});
  output.narrow(0, start, n).copy_(out.transpose(0, 1));
}

// [n, out_channels, h, w] -> [group, out_channels / group, n * h * w]
static at::Tensor group_output(const at::Tensor& grad_output, const DeformShape& s, int group, int64_t start) {
  auto g = grad_output.narrow(0, start, s.parallel_imgs).transpose(0, 1).contiguous();
  return g.view({group, grad_output.size(1) / group, -1});
}

// gradient of the columns
static at::Tensor output_to_columns(const at::Tensor& weight, const at::Tensor& grad, int group) {
  auto w = weight.view({group, weight.size(0) / group, -1});
  return at::bmm(w.transpose(1, 2), grad).view({-1, grad.size(2)}).contiguous();
}

static void add_weight_grad(const at::Tensor& grad, const at::Tensor& columns, int group, at::Tensor grad_weight) {
  auto c = columns.view({group, columns.size(0) / group, columns.size(1)});
  grad_weight.add_(at::bmm(grad, c.transpose(1, 2)).view(grad_weight.sizes()));
}

at::Tensor deform_conv_forward_cuda(
    const at::Tensor& input_, const at::Tensor& weight_, const at::Tensor& offset_,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step) {
  DeformShape s = shape_check(input_, weight_, offset_, stride_h, stride_w, pad_h, pad_w,
                              dilation_h, dilation_w, group, deformable_group);
  at::cuda::CUDAGuard device_guard(input_.device());
  auto input = input_.contiguous();
  auto weight = weight_.contiguous();
  auto offset = offset_.contiguous();

  const int64_t batch = input.size(0);
  auto output = at::empty({batch, weight.size(0), s.height_col, s.width_col}, input.type());
  for (int64_t start = 0; start < batch; start += im2col_step) {
    const int64_t n = std::min<int64_t>(im2col_step, batch - start);
    s.parallel_imgs = n;
    auto columns = at::empty({s.channels * s.kernel_h * s.kernel_w, n * s.height_col * s.width_col},
                             input.type());
    deformable_im2col(state, input.narrow(0, start, n), offset.narrow(0, start, n), s, columns);
    columns_to_output(weight, columns, s, group, start, output);
  }
  return output;
}

std::vector<at::Tensor> deform_conv_backward_input_cuda(
    const at::Tensor& input_, const at::Tensor& weight_, const at::Tensor& offset_,
    const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step) {
  DeformShape s = shape_check(input_, weight_, offset_, stride_h, stride_w, pad_h, pad_w,
                              dilation_h, dilation_w, group, deformable_group);
  check_grad(input_, weight_, grad_output, s);
  at::cuda::CUDAGuard device_guard(input_.device());
  auto input = input_.contiguous();
  auto weight = weight_.contiguous();
  auto offset = offset_.contiguous();

  auto grad_input = at::zeros_like(input);
  auto grad_offset = at::zeros_like(offset);
  const int64_t batch = input.size(0);
  for (int64_t start = 0; start < batch; start += im2col_step) {
    const int64_t n = std::min<int64_t>(im2col_step, batch - start);
    s.parallel_imgs = n;
    auto grad = group_output(grad_output, s, group, start);
    auto columns = output_to_columns(weight, grad, group);
    deformable_col2im_coord(
        state, columns, input.narrow(0, start, n), offset.narrow(0, start, n), s,
        grad_offset.narrow(0, start, n));
    deformable_col2im(state, columns, offset.narrow(0, start, n), s, grad_input.narrow(0, start, n));
  }
  return {grad_input, grad_offset};
}

at::Tensor deform_conv_backward_parameters_cuda(
    const at::Tensor& input_, const at::Tensor& weight_, const at::Tensor& offset_,
    const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, int im2col_step) {
  DeformShape s = shape_check(input_, weight_, offset_, stride_h, stride_w, pad_h, pad_w,
                              dilation_h, dilation_w, group, deformable_group);
  check_grad(input_, weight_, grad_output, s);
  at::cuda::CUDAGuard device_guard(input_.device());
  auto input = input_.contiguous();
  auto weight = weight_.contiguous();
  auto offset = offset_.contiguous();

  auto grad_weight = at::zeros_like(weight);
  const int64_t batch = input.size(0);
  for (int64_t start = 0; start < batch; start += im2col_step) {
    const int64_t n = std::min<int64_t>(im2col_step, batch - start);
    s.parallel_imgs = n;
    auto columns = at::empty({s.channels * s.kernel_h * s.kernel_w, n * s.height_col * s.width_col},
                             input.type());
    deformable_im2col(state, input.narrow(0, start, n), offset.narrow(0, start, n), s, columns);
    add_weight_grad(group_output(grad_output, s, group, start), columns, group, grad_weight);
  }
  return grad_weight;
}

at::Tensor modulated_deform_conv_forward_cuda(
    const at::Tensor& input_, const at::Tensor& weight_, const at::Tensor& bias,
    const at::Tensor& offset_, const at::Tensor& mask_,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, bool with_bias, int im2col_step) {
  DeformShape s = shape_check(input_, weight_, offset_, stride_h, stride_w, pad_h, pad_w,
                              dilation_h, dilation_w, group, deformable_group);
  check_mask(input_, mask_, s);
  at::cuda::CUDAGuard device_guard(input_.device());
  auto input = input_.contiguous();
  auto weight = weight_.contiguous();
  auto offset = offset_.contiguous();
  auto mask = mask_.contiguous();

  const int64_t batch = input.size(0);
  auto output = at::empty({batch, weight.size(0), s.height_col, s.width_col}, input.options());
  for (int64_t start = 0; start < batch; start += im2col_step) {
    const int64_t n = std::min<int64_t>(im2col_step, batch - start);
    s.parallel_imgs = n;
    auto columns = at::empty({s.channels * s.kernel_h * s.kernel_w, n * s.height_col * s.width_col},
                             input.options());
    modulated_deformable_im2col_cuda(THCState_getCurrentStream(state), input.narrow(0, start, n),
                                     offset.narrow(0, start, n), mask.narrow(0, start, n), s, columns);
    columns_to_output(weight, columns, s, group, start, output);
  }
  if (with_bias) {
    AT_CHECK(bias.numel() == weight.size(0), "bias must have one element an output channel");
    output.add_(bias.view({1, -1, 1, 1}));
  }
  return output;
}

std::vector<at::Tensor> modulated_deform_conv_backward_cuda(
    const at::Tensor& input_, const at::Tensor& weight_,
    const at::Tensor& offset_, const at::Tensor& mask_, const at::Tensor& grad_output,
    int stride_h, int stride_w, int pad_h, int pad_w, int dilation_h, int dilation_w,
    int group, int deformable_group, bool with_bias, int im2col_step) {
  DeformShape s = shape_check(input_, weight_, offset_, stride_h, stride_w, pad_h, pad_w,
                              dilation_h, dilation_w, group, deformable_group);
  check_mask(input_, mask_, s);
  check_grad(input_, weight_, grad_output, s);
  at::cuda::CUDAGuard device_guard(input_.device());
  auto input = input_.contiguous();
  auto weight = weight_.contiguous();
  auto offset = offset_.contiguous();
  auto mask = mask_.contiguous();

  auto grad_input = at::zeros_like(input);
  auto grad_weight = at::zeros_like(weight);
  auto grad_offset = at::zeros_like(offset);
  auto grad_mask = at::zeros_like(mask);
  auto grad_bias = at::zeros({weight.size(0)}, weight.type());
  cudaStream_t stream = THCState_getCurrentStream(state);

  const int64_t batch = input.size(0);
  for (int64_t start = 0; start < batch; start += im2col_step) {
    const int64_t n = std::min<int64_t>(im2col_step, batch - start);
    s.parallel_imgs = n;
    auto im = input.narrow(0, start, n);
    auto off = offset.narrow(0, start, n);
    auto m = mask.narrow(0, start, n);
    auto grad = group_output(grad_output, s, group, start);
    auto columns = output_to_columns(weight, grad, group);
    // gradient w.r.t. input coordinate data and mask
    modulated_deformable_col2im_coord_cuda(stream, columns, im, off, m, s,
                                           grad_offset.narrow(0, start, n), grad_mask.narrow(0, start, n));
    // gradient w.r.t. input data
    modulated_deformable_col2im_cuda(stream, columns, off, m, s, grad_input.narrow(0, start, n));
    // gradient w.r.t. weight, dWeight should accumulate across the batch and group
    modulated_deformable_im2col_cuda(stream, im, off, m, s, columns);
    add_weight_grad(grad, columns, group, grad_weight);
  }
  if (with_bias) {
    grad_bias = grad_output.sum({0, 2, 3});
  }
  return {grad_input, grad_weight, grad_bias, grad_offset, grad_mask};
}
