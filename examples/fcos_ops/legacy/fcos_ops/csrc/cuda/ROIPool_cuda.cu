#include "cuda_helpers.h"
#include "vision.h"

#include <ATen/cuda/CUDAApplyUtils.cuh>

#include <THC/THC.h>
#include <THC/THCAtomics.cuh>
#include <THC/THCDeviceUtils.cuh>

extern THCState *state;

template <typename scalar_t, typename acc_t>
__global__ void RoIPoolFForward(
    const long nthreads, const scalar_t* bottom_data, const acc_t spatial_scale,
    const int channels, const int height, const int width,
    const int pooled_height, const int pooled_width,
    const scalar_t* bottom_rois, scalar_t* top_data, int* argmax_data) {
  CUDA_1D_KERNEL_LOOP(index, nthreads) {
    // (n, c, ph, pw) is an element in the pooled output
    int pw = index % pooled_width;
    int ph = (index / pooled_width) % pooled_height;
    int c = (index / pooled_width / pooled_height) % channels;
    int n = index / pooled_width / pooled_height / channels;

    const scalar_t* offset_bottom_rois = bottom_rois + n * 5;
    int roi_batch_ind = (int)static_cast<acc_t>(offset_bottom_rois[0]);
    int roi_start_w = (int)round(static_cast<acc_t>(offset_bottom_rois[1]) * spatial_scale);
    int roi_start_h = (int)round(static_cast<acc_t>(offset_bottom_rois[2]) * spatial_scale);
    int roi_end_w = (int)round(static_cast<acc_t>(offset_bottom_rois[3]) * spatial_scale);
    int roi_end_h = (int)round(static_cast<acc_t>(offset_bottom_rois[4]) * spatial_scale);

    // Force malformed ROIs to be 1x1
    int roi_width = max(roi_end_w - roi_start_w + 1, 1);
    int roi_height = max(roi_end_h - roi_start_h + 1, 1);

    // floor(ph * roi_height / pooled_height), ceil((ph + 1) * roi_height / pooled_height)
    int hstart = (ph * roi_height) / pooled_height;
    int wstart = (pw * roi_width) / pooled_width;
    int hend = THCCeilDiv((ph + 1) * roi_height, pooled_height);
    int wend = THCCeilDiv((pw + 1) * roi_width, pooled_width);

    // Add roi offsets and clip to input boundaries
    hstart = min(max(hstart + roi_start_h, 0), height);
    hend = min(max(hend + roi_start_h, 0), height);
    wstart = min(max(wstart + roi_start_w, 0), width);
    wend = min(max(wend + roi_start_w, 0), width);
    bool is_empty = (hend <= hstart) || (wend <= wstart);

    // Define an empty pooling region to be zero
    acc_t maxval = is_empty ? (acc_t)0 : -std::numeric_limits<acc_t>::max();
    // If nothing is pooled, argmax = -1 causes nothing to be backprop'd
    int maxidx = -1;
    const scalar_t* data = bottom_data + ((long)roi_batch_ind * channels + c) * height * width;
    for (int h = hstart; h < hend; ++h) {
      for (int w = wstart; w < wend; ++w) {
        int bottom_index = h * width + w;
        acc_t v = static_cast<acc_t>(data[bottom_index]);
        if (v > maxval) {
          maxval = v;
          maxidx = bottom_index;
        }
      }
    }
    top_data[index] = static_cast<scalar_t>(maxval);
    argmax_data[index] = maxidx;
  }
}

template <typename scalar_t>
__global__ void RoIPoolFBackward(
    const long nthreads, const scalar_t* top_diff, const int* argmax_data,
    const int channels, const int height, const int width,
    const int pooled_height, const int pooled_width,
    scalar_t* bottom_diff, const scalar_t* bottom_rois) {
  CUDA_1D_KERNEL_LOOP(index, nthreads) {
    int c = (index / pooled_width / pooled_height) % channels;
    int n = index / pooled_width / pooled_height / channels;

    int roi_batch_ind = (int)static_cast<float>(bottom_rois[n * 5]);
    scalar_t* offset_bottom_diff = bottom_diff + ((long)roi_batch_ind * channels + c) * height * width;

    int argmax = argmax_data[index];
    if (argmax != -1) {
      atomicAdd(
          offset_bottom_diff + argmax,
          top_diff[index]);
    }
  }
}

std::tuple<at::Tensor, at::Tensor> ROIPool_forward_cuda(const at::Tensor& input,
                                                        const at::Tensor& rois,
                                                        const float spatial_scale,
                                                        const int pooled_height,
                                                        const int pooled_width) {
  CHECK_CUDA(input);
  CHECK_CUDA(rois);
  CHECK_SAME_TYPE(input, rois);
  CHECK_ROIS(rois);
  at::cuda::CUDAGuard device_guard(input.device());

  auto num_rois = rois.size(0);
  auto channels = input.size(1);
  auto height = input.size(2);
  auto width = input.size(3);

  auto output = at::empty({num_rois, channels, pooled_height, pooled_width}, input.type());
  auto output_size = num_rois * pooled_height * pooled_width * channels;
  auto argmax = at::zeros({num_rois, channels, pooled_height, pooled_width}, input.type().toScalarType(at::kInt));

  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  dim3 grid(std::min(at::cuda::ATenCeilDiv(static_cast<long>(output_size), 512L), 4096L));
  dim3 block(512);

  if (output.numel() == 0) {
    THCudaCheck(cudaGetLastError());
    return std::make_tuple(output, argmax);
  }

  DISPATCH_FLOAT_DOUBLE_HALF(input.type(), "ROIPool_forward", [&] {
    typedef at::acc_type<scalar_t, true> acc_t;
    RoIPoolFForward<scalar_t, acc_t><<<grid, block, 0, stream>>>(
        output_size,
        input.contiguous().data<scalar_t>(),
        static_cast<acc_t>(spatial_scale),
        channels,
        height,
        width,
        pooled_height,
        pooled_width,
        rois.contiguous().data<scalar_t>(),
        output.data<scalar_t>(),
        argmax.data<int>());
  });
  THCudaCheck(cudaGetLastError());
  return std::make_tuple(output, argmax);
}

at::Tensor ROIPool_backward_cuda(const at::Tensor& grad,
                                 const at::Tensor& input,
                                 const at::Tensor& rois,
                                 const at::Tensor& argmax,
                                 const float spatial_scale,
                                 const int pooled_height,
                                 const int pooled_width) {
  CHECK_CUDA(grad);
  CHECK_CUDA(rois);
  CHECK_SAME_TYPE(grad, rois);
  CHECK_CONTIGUOUS(argmax);
  at::cuda::CUDAGuard device_guard(grad.device());

  auto channels = input.size(1);
  auto height = input.size(2);
  auto width = input.size(3);

  auto grad_input = at::zeros({input.size(0), channels, height, width}, grad.options());
  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  dim3 grid(std::min(THCCeilDiv((long)grad.numel(), 512L), 4096L));
  dim3 block(512);

  // handle possibly empty gradients
  if (grad.numel() == 0) {
    THCudaCheck(cudaGetLastError());
    return grad_input;
  }

  DISPATCH_FLOAT_DOUBLE_HALF(
      grad.type(),
      "ROIPool_backward",
      [&] {
        RoIPoolFBackward<scalar_t><<<grid, block, 0, stream>>>(
            grad.numel(),
            grad.contiguous().data<scalar_t>(),
            argmax.data<int>(),
            channels,
            height,
            width,
            pooled_height,
            pooled_width,
            grad_input.data<scalar_t>(),
            rois.contiguous().data<scalar_t>());
      });
  THCudaCheck(cudaGetLastError());
  return grad_input;
}
