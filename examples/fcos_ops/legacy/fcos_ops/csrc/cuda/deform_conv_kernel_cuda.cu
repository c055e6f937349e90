#include "deform_im2col.h"
#include "cuda_helpers.h"

#include <THC/THCAtomics.cuh>
#include <THC/THCDeviceUtils.cuh>

const long kThreads = 512L;
const long kMaxBlocks = 65535L;

inline int GET_BLOCKS(const long n) {
  return std::min(THCCeilDiv(n, kThreads), kMaxBlocks);
}

// value at (h, w), zero outside
template <typename scalar_t, typename acc_t>
__device__ __forceinline__ acc_t pixel(const scalar_t* data, const int height, const int width,
                                       const int h, const int w) {
  if (h < 0 || w < 0 || h >= height || w >= width) {
    return (acc_t)0;
  }
  return static_cast<acc_t>(data[h * width + w]);
}

template <typename scalar_t, typename acc_t>
__device__ acc_t im2col_bilinear(const scalar_t* data, const int height, const int width,
                                 const acc_t h, const acc_t w) {
  if (h <= -1 || w <= -1 || h >= height || w >= width) {
    return (acc_t)0;
  }
  const int h_low = (int)floor(h);
  const int w_low = (int)floor(w);
  const acc_t lh = h - h_low, lw = w - w_low;
  const acc_t hh = 1 - lh, hw = 1 - lw;
  return hh * hw * pixel<scalar_t, acc_t>(data, height, width, h_low, w_low) +
      hh * lw * pixel<scalar_t, acc_t>(data, height, width, h_low, w_low + 1) +
      lh * hw * pixel<scalar_t, acc_t>(data, height, width, h_low + 1, w_low) +
      lh * lw * pixel<scalar_t, acc_t>(data, height, width, h_low + 1, w_low + 1);
}

// derivative of im2col_bilinear by h (dir 0) or by w (dir 1)
template <typename scalar_t, typename acc_t>
__device__ acc_t bilinear_coordinate_weight(const scalar_t* data, const int height, const int width,
                                            const acc_t h, const acc_t w, const int dir) {
  if (h <= -1 || w <= -1 || h >= height || w >= width) {
    return (acc_t)0;
  }
  const int h_low = (int)floor(h);
  const int w_low = (int)floor(w);
  const acc_t lh = h - h_low, lw = w - w_low;
  const acc_t v1 = pixel<scalar_t, acc_t>(data, height, width, h_low, w_low);
  const acc_t v2 = pixel<scalar_t, acc_t>(data, height, width, h_low, w_low + 1);
  const acc_t v3 = pixel<scalar_t, acc_t>(data, height, width, h_low + 1, w_low);
  const acc_t v4 = pixel<scalar_t, acc_t>(data, height, width, h_low + 1, w_low + 1);
  if (dir == 0) {
    return (1 - lw) * (v3 - v1) + lw * (v4 - v2);
  }
  return (1 - lh) * (v2 - v1) + lh * (v4 - v3);
}

// the sample of kernel tap (i, j) for the output (h_col, w_col)
template <typename scalar_t, typename acc_t>
__device__ __forceinline__ void sample_point(const DeformShape& s, const scalar_t* data_offset,
                                             const int b, const int group, const int i, const int j,
                                             const int h_col, const int w_col, acc_t& h, acc_t& w) {
  const int tap = i * s.kernel_w + j;
  const long plane = (long)s.height_col * s.width_col;
  const scalar_t* offset = data_offset +
      ((long)(b * s.deformable_group + group) * 2 * s.kernel_h * s.kernel_w + 2 * tap) * plane +
      h_col * s.width_col + w_col;
  h = h_col * s.stride_h - s.pad_h + i * s.dilation_h + static_cast<acc_t>(offset[0]);
  w = w_col * s.stride_w - s.pad_w + j * s.dilation_w + static_cast<acc_t>(offset[plane]);
}

template <typename scalar_t, typename acc_t>
__device__ __forceinline__ acc_t mask_value(const DeformShape& s, const scalar_t* data_mask,
                                            const int b, const int group, const int tap,
                                            const int h_col, const int w_col) {
  return static_cast<acc_t>(
      data_mask[((long)(b * s.deformable_group + group) * s.kernel_h * s.kernel_w + tap) *
                    s.height_col * s.width_col + h_col * s.width_col + w_col]);
}

// one thread a channel and an output position
template <typename scalar_t, typename acc_t, bool modulated>
__global__ void deformable_im2col_gpu_kernel(const long n, const DeformShape s, const scalar_t* data_im,
                                             const scalar_t* data_offset, const scalar_t* data_mask,
                                             scalar_t* data_col) {
  CUDA_1D_KERNEL_LOOP(index, n) {
    const int w_col = index % s.width_col;
    const int h_col = (index / s.width_col) % s.height_col;
    const int b = (index / s.width_col / s.height_col) % s.parallel_imgs;
    const int c_im = index / s.width_col / s.height_col / s.parallel_imgs;
    const int group = c_im / (s.channels / s.deformable_group);

    const scalar_t* im = data_im + ((long)b * s.channels + c_im) * s.height * s.width;
    const long column = (long)s.parallel_imgs * s.height_col * s.width_col;
    scalar_t* col = data_col + (long)c_im * s.kernel_h * s.kernel_w * column +
        ((long)b * s.height_col + h_col) * s.width_col + w_col;

    for (int i = 0; i < s.kernel_h; ++i) {
      for (int j = 0; j < s.kernel_w; ++j) {
        acc_t h, w;
        sample_point<scalar_t, acc_t>(s, data_offset, b, group, i, j, h_col, w_col, h, w);
        acc_t val = im2col_bilinear<scalar_t, acc_t>(im, s.height, s.width, h, w);
        if (modulated) {
          val *= mask_value<scalar_t, acc_t>(s, data_mask, b, group, i * s.kernel_w + j, h_col, w_col);
        }
        *col = static_cast<scalar_t>(val);
        col += column;
      }
    }
  }
}

// one thread an element of the columns
template <typename scalar_t, typename acc_t, bool modulated>
__global__ void deformable_col2im_gpu_kernel(const long n, const DeformShape s, const scalar_t* data_col,
                                             const scalar_t* data_offset, const scalar_t* data_mask,
                                             scalar_t* grad_im) {
  CUDA_1D_KERNEL_LOOP(index, n) {
    const int w_col = index % s.width_col;
    const int h_col = (index / s.width_col) % s.height_col;
    const int b = (index / s.width_col / s.height_col) % s.parallel_imgs;
    const long rest = index / s.width_col / s.height_col / s.parallel_imgs;
    const int j = rest % s.kernel_w;
    const int i = (rest / s.kernel_w) % s.kernel_h;
    const int c = rest / s.kernel_w / s.kernel_h;
    const int group = c / (s.channels / s.deformable_group);

    acc_t h, w;
    sample_point<scalar_t, acc_t>(s, data_offset, b, group, i, j, h_col, w_col, h, w);
    if (h <= -1 || w <= -1 || h >= s.height || w >= s.width) {
      continue;
    }
    acc_t top_grad = static_cast<acc_t>(data_col[index]);
    if (modulated) {
      top_grad *= mask_value<scalar_t, acc_t>(s, data_mask, b, group, i * s.kernel_w + j, h_col, w_col);
    }

    scalar_t* im = grad_im + ((long)b * s.channels + c) * s.height * s.width;
    const int h_low = (int)floor(h);
    const int w_low = (int)floor(w);
    for (int dy = 0; dy <= 1; dy++) {
      for (int dx = 0; dx <= 1; dx++) {
        const int y = h_low + dy, x = w_low + dx;
        if (y >= 0 && x >= 0 && y < s.height && x < s.width) {
          const acc_t weight = (1 - fabs(h - y)) * (1 - fabs(w - x));
          atomicAdd(im + y * s.width + x, static_cast<scalar_t>(weight * top_grad));
        }
      }
    }
  }
}

// one thread an element of the offsets
template <typename scalar_t, typename acc_t, bool modulated>
__global__ void deformable_col2im_coord_gpu_kernel(const long n, const DeformShape s,
                                                   const scalar_t* data_col, const scalar_t* data_im,
                                                   const scalar_t* data_offset, const scalar_t* data_mask,
                                                   scalar_t* grad_offset, scalar_t* grad_mask) {
  CUDA_1D_KERNEL_LOOP(index, n) {
    const int taps = s.kernel_h * s.kernel_w;
    const int w_col = index % s.width_col;
    const int h_col = (index / s.width_col) % s.height_col;
    const int oc = (index / s.width_col / s.height_col) % (s.deformable_group * 2 * taps);
    const int b = index / s.width_col / s.height_col / (s.deformable_group * 2 * taps);
    const int group = oc / (2 * taps);
    const int tap = (oc % (2 * taps)) / 2;
    const int dir = oc % 2;
    const int i = tap / s.kernel_w, j = tap % s.kernel_w;

    acc_t h, w;
    sample_point<scalar_t, acc_t>(s, data_offset, b, group, i, j, h_col, w_col, h, w);

    const int channel_per_group = s.channels / s.deformable_group;
    const long column = (long)s.parallel_imgs * s.height_col * s.width_col;
    acc_t val = 0, mval = 0;
    for (int k = 0; k < channel_per_group; k++) {
      const int c = group * channel_per_group + k;
      const scalar_t* im = data_im + ((long)b * s.channels + c) * s.height * s.width;
      const acc_t col = static_cast<acc_t>(
          data_col[((long)c * taps + tap) * column + ((long)b * s.height_col + h_col) * s.width_col + w_col]);
      val += bilinear_coordinate_weight<scalar_t, acc_t>(im, s.height, s.width, h, w, dir) * col;
      if (modulated && dir == 0) {
        mval += im2col_bilinear<scalar_t, acc_t>(im, s.height, s.width, h, w) * col;
      }
    }
    if (modulated) {
      val *= mask_value<scalar_t, acc_t>(s, data_mask, b, group, tap, h_col, w_col);
      if (dir == 0) {
        grad_mask[(((long)b * s.deformable_group + group) * taps + tap) * s.height_col * s.width_col +
                  h_col * s.width_col + w_col] = static_cast<scalar_t>(mval);
      }
    }
    grad_offset[index] = static_cast<scalar_t>(val);
  }
}

static long column_size(const DeformShape& s) {
  return (long)s.parallel_imgs * s.height_col * s.width_col;
}

void deformable_im2col(THCState *state,
                       const at::Tensor data_im, const at::Tensor data_offset,
                       const DeformShape& s, at::Tensor data_col) {
  const long num_kernels = s.channels * column_size(s);
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      data_im.type(), "deformable_im2col_gpu", ([&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        deformable_im2col_gpu_kernel<scalar_t, acc_t, false>
            <<<GET_BLOCKS(num_kernels), kThreads, 0, THCState_getCurrentStream(state)>>>(
                num_kernels, s, data_im.data<scalar_t>(), data_offset.data<scalar_t>(), NULL,
                data_col.data<scalar_t>());
      }));
  THCudaCheck(cudaGetLastError());
}

void deformable_col2im(THCState *state,
                       const at::Tensor data_col, const at::Tensor data_offset,
                       const DeformShape& s, at::Tensor grad_im) {
  const long num_kernels = (long)s.channels * s.kernel_h * s.kernel_w * column_size(s);
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      data_col.type(), "deformable_col2im_gpu", ([&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        deformable_col2im_gpu_kernel<scalar_t, acc_t, false>
            <<<GET_BLOCKS(num_kernels), kThreads, 0, THCState_getCurrentStream(state)>>>(
                num_kernels, s, data_col.data<scalar_t>(), data_offset.data<scalar_t>(), NULL,
                grad_im.data<scalar_t>());
      }));
  THCudaCheck(cudaGetLastError());
}

void deformable_col2im_coord(THCState *state, const at::Tensor data_col, const at::Tensor data_im,
                             const at::Tensor data_offset, const DeformShape& s,
                             at::Tensor grad_offset) {
  const long num_kernels = 2L * s.deformable_group * s.kernel_h * s.kernel_w * column_size(s);
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      data_col.type(), "deformable_col2im_coord_gpu", ([&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        deformable_col2im_coord_gpu_kernel<scalar_t, acc_t, false>
            <<<GET_BLOCKS(num_kernels), kThreads, 0, THCState_getCurrentStream(state)>>>(
                num_kernels, s, data_col.data<scalar_t>(), data_im.data<scalar_t>(),
                data_offset.data<scalar_t>(), NULL, grad_offset.data<scalar_t>(), NULL);
      }));
  THCudaCheck(cudaGetLastError());
}

void modulated_deformable_im2col_cuda(cudaStream_t stream,
                                      const at::Tensor data_im, const at::Tensor data_offset,
                                      const at::Tensor data_mask, const DeformShape& s,
                                      at::Tensor data_col) {
  const long num_kernels = s.channels * column_size(s);
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      data_im.type(), "modulated_deformable_im2col_gpu", ([&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        const scalar_t* im = data_im.data<scalar_t>();
        deformable_im2col_gpu_kernel<scalar_t, acc_t, true><<<GET_BLOCKS(num_kernels), kThreads, 0, stream>>>(
            num_kernels, s, im, data_offset.data<scalar_t>(), data_mask.data<scalar_t>(),
            data_col.data<scalar_t>());
      }));
  cudaError_t err = cudaGetLastError();
  if (err != cudaSuccess)
    AT_ERROR("error in modulated_deformable_im2col_cuda: %s\n", cudaGetErrorString(err));
}

void modulated_deformable_col2im_cuda(cudaStream_t stream,
                                      const at::Tensor data_col, const at::Tensor data_offset,
                                      const at::Tensor data_mask, const DeformShape& s,
                                      at::Tensor grad_im) {
  const long num_kernels = (long)s.channels * s.kernel_h * s.kernel_w * column_size(s);
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      data_col.type(), "modulated_deformable_col2im_gpu", ([&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        deformable_col2im_gpu_kernel<scalar_t, acc_t, true><<<GET_BLOCKS(num_kernels), kThreads, 0, stream>>>(
            num_kernels, s, data_col.data<scalar_t>(), data_offset.data<scalar_t>(),
            data_mask.data<scalar_t>(), grad_im.data<scalar_t>());
      }));
  AT_ASSERT(cudaGetLastError() == cudaSuccess);
}

void modulated_deformable_col2im_coord_cuda(cudaStream_t stream,
                                            const at::Tensor data_col, const at::Tensor data_im,
                                            const at::Tensor data_offset, const at::Tensor data_mask,
                                            const DeformShape& s,
                                            at::Tensor grad_offset, at::Tensor grad_mask) {
  const long num_kernels = 2L * s.deformable_group * s.kernel_h * s.kernel_w * column_size(s);
  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      data_col.type(),
      "modulated_deformable_col2im_coord_gpu", ([&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        deformable_col2im_coord_gpu_kernel<scalar_t, acc_t, true>
            <<<GET_BLOCKS(num_kernels), kThreads, 0, stream>>>(
                num_kernels, s, data_col.data<scalar_t>(), data_im.data<scalar_t>(),
                data_offset.data<scalar_t>(), data_mask.data<scalar_t>(),
                grad_offset.data<scalar_t>(), grad_mask.data<scalar_t>());
      }));
  THCudaCheck(cudaGetLastError());
}
