#include "cuda_helpers.h"
#include "vision.h"

#include <THC/THC.h>
#include <THC/THCAtomics.cuh>
#include <THC/THCDeviceUtils.cuh>

// TODO make it in a common file
template <typename T>
__device__ __forceinline__ bool bilinear_setup(
    const int height, const int width, T y, T x,
    int& y_low, int& x_low, int& y_high, int& x_high,
    T& w1, T& w2, T& w3, T& w4) {
  // deal with cases that inverse elements are out of feature map boundary
  if (y < -1.0 || y > height || x < -1.0 || x > width) {
    return false;
  }
  if (y <= 0) y = 0;
  if (x <= 0) x = 0;

  y_low = (int)y;
  x_low = (int)x;
  if (y_low >= height - 1) {
    y_high = y_low = height - 1;
    y = (T)y_low;
  } else {
    y_high = y_low + 1;
  }
  if (x_low >= width - 1) {
    x_high = x_low = width - 1;
    x = (T)x_low;
  } else {
    x_high = x_low + 1;
  }

  T ly = y - y_low;
  T lx = x - x_low;
  T hy = 1. - ly, hx = 1. - lx;
  w1 = hy * hx;
  w2 = hy * lx;
  w3 = ly * hx;
  w4 = ly * lx;
  return true;
}

// the window of one roi on the feature map
template <typename scalar_t, typename acc_t>
__device__ __forceinline__ void roi_window(
    const scalar_t* roi, const acc_t spatial_scale,
    const int pooled_height, const int pooled_width, const int sampling_ratio,
    acc_t& start_h, acc_t& start_w, acc_t& bin_h, acc_t& bin_w, int& grid_h, int& grid_w) {
  // Do not using rounding; this implementation detail is critical
  start_w = static_cast<acc_t>(roi[1]) * spatial_scale;
  start_h = static_cast<acc_t>(roi[2]) * spatial_scale;
  const acc_t end_w = static_cast<acc_t>(roi[3]) * spatial_scale;
  const acc_t end_h = static_cast<acc_t>(roi[4]) * spatial_scale;

  // Force malformed ROIs to be 1x1
  const acc_t roi_width = max(end_w - start_w, (acc_t)1.);
  const acc_t roi_height = max(end_h - start_h, (acc_t)1.);
  bin_h = roi_height / static_cast<acc_t>(pooled_height);
  bin_w = roi_width / static_cast<acc_t>(pooled_width);
  grid_h = (sampling_ratio > 0) ? sampling_ratio : (int)ceil(roi_height / pooled_height);
  grid_w = (sampling_ratio > 0) ? sampling_ratio : (int)ceil(roi_width / pooled_width);
}

template <typename scalar_t, typename acc_t>
__global__ void RoIAlignForward(
    const long nthreads, const scalar_t* bottom_data, const acc_t spatial_scale,
    const int channels, const int height, const int width,
    const int pooled_height, const int pooled_width, const int sampling_ratio,
    const scalar_t* bottom_rois, scalar_t* top_data) {
  CUDA_1D_KERNEL_LOOP(index, nthreads) {
    // (n, c, ph, pw) is an element in the pooled output
    const int pw = index % pooled_width;
    const int ph = (index / pooled_width) % pooled_height;
    const int c = (index / pooled_width / pooled_height) % channels;
    const int n = index / pooled_width / pooled_height / channels;

    const scalar_t* roi = bottom_rois + n * 5;
    const int roi_batch_ind = (int)static_cast<acc_t>(roi[0]);
    acc_t start_h, start_w, bin_h, bin_w;
    int grid_h, grid_w;
    roi_window<scalar_t, acc_t>(roi, spatial_scale, pooled_height, pooled_width, sampling_ratio,
                                start_h, start_w, bin_h, bin_w, grid_h, grid_w);

    const scalar_t* data = bottom_data + ((long)roi_batch_ind * channels + c) * height * width;

    acc_t output_val = 0;
    for (int iy = 0; iy < grid_h; iy++) {
      const acc_t y = start_h + ph * bin_h + static_cast<acc_t>(iy + .5f) * bin_h / static_cast<acc_t>(grid_h);
      for (int ix = 0; ix < grid_w; ix++) {
        const acc_t x = start_w + pw * bin_w + static_cast<acc_t>(ix + .5f) * bin_w / static_cast<acc_t>(grid_w);
        int y_low, x_low, y_high, x_high;
        acc_t w1, w2, w3, w4;
        if (!bilinear_setup<acc_t>(height, width, y, x, y_low, x_low, y_high, x_high, w1, w2, w3, w4))
          continue;
        output_val += w1 * static_cast<acc_t>(data[y_low * width + x_low]) +
            w2 * static_cast<acc_t>(data[y_low * width + x_high]) +
            w3 * static_cast<acc_t>(data[y_high * width + x_low]) +
            w4 * static_cast<acc_t>(data[y_high * width + x_high]);
      }
    }
    top_data[index] = static_cast<scalar_t>(output_val / static_cast<acc_t>(grid_h * grid_w));
  }
}

template <typename scalar_t, typename acc_t>
__global__ void RoIAlignBackwardFeature(
    const long nthreads, const scalar_t* top_diff, const acc_t spatial_scale,
    const int channels, const int height, const int width,
    const int pooled_height, const int pooled_width, const int sampling_ratio,
    scalar_t* bottom_diff, const scalar_t* bottom_rois) {
  CUDA_1D_KERNEL_LOOP(index, nthreads) {
    const int pw = index % pooled_width;
    const int ph = (index / pooled_width) % pooled_height;
    const int c = (index / pooled_width / pooled_height) % channels;
    const int n = index / pooled_width / pooled_height / channels;

    const scalar_t* roi = bottom_rois + n * 5;
    const int roi_batch_ind = (int)static_cast<acc_t>(roi[0]);
    acc_t start_h, start_w, bin_h, bin_w;
    int grid_h, grid_w;
    roi_window<scalar_t, acc_t>(roi, spatial_scale, pooled_height, pooled_width, sampling_ratio,
                                start_h, start_w, bin_h, bin_w, grid_h, grid_w);

    scalar_t* diff = bottom_diff + ((long)roi_batch_ind * channels + c) * height * width;
    const acc_t g = static_cast<acc_t>(top_diff[index]) / static_cast<acc_t>(grid_h * grid_w);

    for (int iy = 0; iy < grid_h; iy++) {
      const acc_t y = start_h + ph * bin_h + static_cast<acc_t>(iy + .5f) * bin_h / static_cast<acc_t>(grid_h);
      for (int ix = 0; ix < grid_w; ix++) {
        const acc_t x = start_w + pw * bin_w + static_cast<acc_t>(ix + .5f) * bin_w / static_cast<acc_t>(grid_w);
        int y_low, x_low, y_high, x_high;
        acc_t w1, w2, w3, w4;
        if (!bilinear_setup<acc_t>(height, width, y, x, y_low, x_low, y_high, x_high, w1, w2, w3, w4))
          continue;
        // scalar_t is at::Half, float or double
        atomicAdd(diff + y_low * width + x_low, static_cast<scalar_t>(g * w1));
        atomicAdd(diff + y_low * width + x_high, static_cast<scalar_t>(g * w2));
        atomicAdd(diff + y_high * width + x_low, static_cast<scalar_t>(g * w3));
        atomicAdd(diff + y_high * width + x_high, static_cast<scalar_t>(g * w4));
      }
    }
  }
}

at::Tensor ROIAlign_forward_cuda(const at::Tensor& input,
                                 const at::Tensor& rois,
                                 const float spatial_scale,
                                 const int pooled_height,
                                 const int pooled_width,
                                 const int sampling_ratio) {
  AT_ASSERTM(input.type().is_cuda(), "input must be a CUDA tensor");
  AT_ASSERTM(rois.type().is_cuda(), "rois must be a CUDA tensor");
  CHECK_SAME_TYPE(input, rois);
  CHECK_ROIS(rois);
  at::cuda::CUDAGuard device_guard(input.device());

  auto num_rois = rois.size(0);
  auto channels = input.size(1);
  auto height = input.size(2);
  auto width = input.size(3);

  auto output = at::empty({num_rois, channels, pooled_height, pooled_width}, input.options());
  auto output_size = num_rois * pooled_height * pooled_width * channels;
  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  dim3 grid(std::min(THCCeilDiv((long)output_size, 512L), 4096L));
  dim3 block(512);

  if (output.numel() == 0) {
    THCudaCheck(cudaGetLastError());
    return output;
  }

  AT_DISPATCH_FLOATING_TYPES_AND_HALF(input.type(), "ROIAlign_forward", [&] {
    typedef at::acc_type<scalar_t, true> acc_t;
    RoIAlignForward<scalar_t, acc_t><<<grid, block, 0, stream>>>(
        output_size,
        input.contiguous().data<scalar_t>(),
        static_cast<acc_t>(spatial_scale),
        channels,
        height,
        width,
        pooled_height,
        pooled_width,
        sampling_ratio,
        rois.contiguous().data<scalar_t>(),
        output.data<scalar_t>());
  });
  THCudaCheck(cudaGetLastError());
  return output;
}

at::Tensor ROIAlign_backward_cuda(const at::Tensor& grad,
                                  const at::Tensor& rois,
                                  const float spatial_scale,
                                  const int pooled_height,
                                  const int pooled_width,
                                  const int batch_size,
                                  const int channels,
                                  const int height,
                                  const int width,
                                  const int sampling_ratio) {
  AT_ASSERTM(grad.type().is_cuda(), "grad must be a CUDA tensor");
  AT_ASSERTM(rois.type().is_cuda(), "rois must be a CUDA tensor");
  CHECK_SAME_TYPE(grad, rois);
  at::cuda::CUDAGuard device_guard(grad.device());

  auto grad_input = at::zeros({batch_size, channels, height, width}, grad.type());
  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  dim3 grid(std::min(THCCeilDiv(static_cast<long>(grad.numel()), 512L), 4096L));
  dim3 block(512);

  // handle possibly empty gradients
  if (grad.numel() == 0) {
    THCudaCheck(cudaGetLastError());
    return grad_input;
  }

  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      grad.type(), "ROIAlign_backward", [&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        RoIAlignBackwardFeature<scalar_t, acc_t><<<grid, block, 0, stream>>>(
            grad.numel(),
            grad.contiguous().data<scalar_t>(),
            static_cast<acc_t>(spatial_scale),
            channels,
            height,
            width,
            pooled_height,
            pooled_width,
            sampling_ratio,
            grad_input.data<scalar_t>(),
            rois.contiguous().data<scalar_t>());
      });
  THCudaCheck(cudaGetLastError());
  return grad_input;
}
