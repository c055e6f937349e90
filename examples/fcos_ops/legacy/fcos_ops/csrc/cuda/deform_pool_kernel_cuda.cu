// Deformable position-sensitive ROI pooling ("Deformable Convolutional Networks", 2017)
#include "cuda_helpers.h"

#include <THC/THC.h>
#include <THC/THCDeviceUtils.cuh>

// float and double only, so THCAtomics.cuh is not needed
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 600
__device__ double atomicAdd(double* address, double val) {
  unsigned long long int* address_as_ull = (unsigned long long int*)address;
  unsigned long long int old = *address_as_ull, assumed;
  do {
    assumed = old;
    old = atomicCAS(address_as_ull, assumed,
                    __double_as_longlong(val + __longlong_as_double(assumed)));
  } while (assumed != old);
  return __longlong_as_double(old);
}
#endif

template <typename T>
struct PoolShape {
  int channels, height, width;
  int pooled_size, output_dim, group_size, part_size, sample_per_part;
  int num_classes, channels_each_class;
  bool no_trans;
  T spatial_scale, trans_std;
};

// everything about one output bin
template <typename T>
struct Bin {
  int n, ctop, ph, pw;
  int roi_batch_ind;
  T roi_width, roi_height;
  T hstart, wstart, sub_bin_h, sub_bin_w;
  int channel;             // of the input
  long trans_x, trans_y;   // where its offsets lie

  __device__ Bin(const long index, const PoolShape<T>& s, const T* bottom_rois, const T* bottom_trans) {
    pw = index % s.pooled_size;
    ph = (index / s.pooled_size) % s.pooled_size;
    ctop = (index / s.pooled_size / s.pooled_size) % s.output_dim;
    n = index / s.pooled_size / s.pooled_size / s.output_dim;

    const T* roi = bottom_rois + n * 5;
    roi_batch_ind = (int)roi[0];
    const T roi_start_w = static_cast<T>(round(roi[1])) * s.spatial_scale - 0.5;
    const T roi_start_h = static_cast<T>(round(roi[2])) * s.spatial_scale - 0.5;
    const T roi_end_w = static_cast<T>(round(roi[3]) + 1.) * s.spatial_scale - 0.5;
    const T roi_end_h = static_cast<T>(round(roi[4]) + 1.) * s.spatial_scale - 0.5;

    // Force too small ROIs to be 1x1
    roi_width = max(roi_end_w - roi_start_w, (T)0.1);
    roi_height = max(roi_end_h - roi_start_h, (T)0.1);
    const T bin_h = roi_height / static_cast<T>(s.pooled_size);
    const T bin_w = roi_width / static_cast<T>(s.pooled_size);
    sub_bin_h = bin_h / static_cast<T>(s.sample_per_part);
    sub_bin_w = bin_w / static_cast<T>(s.sample_per_part);

    const int part_h = ph * s.part_size / s.pooled_size;
    const int part_w = pw * s.part_size / s.pooled_size;
    const int class_id = ctop / s.channels_each_class;
    const long plane = (long)s.part_size * s.part_size;
    trans_x = ((long)(n * s.num_classes + class_id) * 2) * plane + part_h * s.part_size + part_w;
    trans_y = trans_x + plane;
    const T dx = s.no_trans ? (T)0 : bottom_trans[trans_x] * s.trans_std;
    const T dy = s.no_trans ? (T)0 : bottom_trans[trans_y] * s.trans_std;
    wstart = pw * bin_w + roi_start_w + dx * roi_width;
    hstart = ph * bin_h + roi_start_h + dy * roi_height;

    const int gw = min(max(pw * s.group_size / s.pooled_size, 0), s.group_size - 1);
    const int gh = min(max(ph * s.group_size / s.pooled_size, 0), s.group_size - 1);
    channel = (ctop * s.group_size + gh) * s.group_size + gw;
  }

  // one sample, clamped to the map; false where it lies outside
  __device__ bool sample(const PoolShape<T>& s, const int ih, const int iw, T& h, T& w) const {
    w = wstart + iw * sub_bin_w;
    h = hstart + ih * sub_bin_h;
    if (w < -0.5 || w > s.width - 0.5 || h < -0.5 || h > s.height - 0.5) {
      return false;
    }
    w = min(max(w, (T)0.), (T)(s.width - 1));
    h = min(max(h, (T)0.), (T)(s.height - 1));
    return true;
  }
};

template <typename T>
__global__ void DeformablePSROIPoolForwardKernel(
    const long count, const PoolShape<T> s, const T* bottom_data, const T* bottom_rois,
    const T* bottom_trans, T* top_data, T* top_count) {
  CUDA_1D_KERNEL_LOOP(index, count) {
    const Bin<T> bin(index, s, bottom_rois, bottom_trans);
    const T* data = bottom_data + ((long)bin.roi_batch_ind * s.channels + bin.channel) * s.height * s.width;

    T sum = 0;
    int num = 0;
    for (int ih = 0; ih < s.sample_per_part; ih++) {
      for (int iw = 0; iw < s.sample_per_part; iw++) {
        T h, w;
        if (!bin.sample(s, ih, iw, h, w))
          continue;
        const int x1 = (int)floor(w), x2 = (int)ceil(w);
        const int y1 = (int)floor(h), y2 = (int)ceil(h);
        const T dist_x = w - x1, dist_y = h - y1;
        sum += (1 - dist_x) * (1 - dist_y) * data[y1 * s.width + x1] +
            (1 - dist_x) * dist_y * data[y2 * s.width + x1] +
            dist_x * (1 - dist_y) * data[y1 * s.width + x2] +
            dist_x * dist_y * data[y2 * s.width + x2];
        num++;
      }
    }
    top_data[index] = num == 0 ? static_cast<T>(0) : sum / num;
    top_count[index] = num;
  }
}

template <typename T>
__global__ void DeformablePSROIPoolBackwardAccKernel(
    const long count, const PoolShape<T> s, const T* top_diff, const T* top_count,
    const T* bottom_data, const T* bottom_rois, const T* bottom_trans,
    T* bottom_data_diff, T* bottom_trans_diff) {
  CUDA_1D_KERNEL_LOOP(index, count) {
    if (top_count[index] <= 0) {
      continue;
    }
    const Bin<T> bin(index, s, bottom_rois, bottom_trans);
    const T diff_val = top_diff[index] / top_count[index];
    const long offset = ((long)bin.roi_batch_ind * s.channels + bin.channel) * s.height * s.width;
    const T* data = bottom_data + offset;
    T* data_diff = bottom_data_diff + offset;

    for (int ih = 0; ih < s.sample_per_part; ih++) {
      for (int iw = 0; iw < s.sample_per_part; iw++) {
        T h, w;
        if (!bin.sample(s, ih, iw, h, w))
          continue;
        const int x0 = (int)floor(w), x1 = (int)ceil(w);
        const int y0 = (int)floor(h), y1 = (int)ceil(h);
        const T dist_x = w - x0, dist_y = h - y0;
        // backward on feature
        atomicAdd(data_diff + y0 * s.width + x0, (1 - dist_x) * (1 - dist_y) * diff_val);
        atomicAdd(data_diff + y1 * s.width + x0, (1 - dist_x) * dist_y * diff_val);
        atomicAdd(data_diff + y0 * s.width + x1, dist_x * (1 - dist_y) * diff_val);
        atomicAdd(data_diff + y1 * s.width + x1, dist_x * dist_y * diff_val);

        if (s.no_trans) {
          continue;
        }
        const T U00 = data[y0 * s.width + x0];
        const T U01 = data[y1 * s.width + x0];
        const T U10 = data[y0 * s.width + x1];
        const T U11 = data[y1 * s.width + x1];
        const T diff_x = (U11 * dist_y + U10 * (1 - dist_y) - U01 * dist_y - U00 * (1 - dist_y)) *
            s.trans_std * diff_val * bin.roi_width;
        const T diff_y = (U11 * dist_x + U01 * (1 - dist_x) - U10 * dist_x - U00 * (1 - dist_x)) *
            s.trans_std * diff_val * bin.roi_height;
        atomicAdd(bottom_trans_diff + bin.trans_x, diff_x);
        atomicAdd(bottom_trans_diff + bin.trans_y, diff_y);
      }
    }
  }
}

template <typename T>
static PoolShape<T> make_shape(const at::Tensor& data, const int channels_trans, const int no_trans,
                               const float spatial_scale, const int output_dim, const int group_size,
                               const int pooled_size, const int part_size, const int sample_per_part,
                               const float trans_std) {
  PoolShape<T> s;
  s.channels = data.size(1);
  s.height = data.size(2);
  s.width = data.size(3);
  s.pooled_size = pooled_size;
  s.output_dim = output_dim;
  s.group_size = group_size;
  s.part_size = part_size;
  s.sample_per_part = sample_per_part;
  s.no_trans = no_trans != 0;
  s.num_classes = no_trans ? 1 : channels_trans / 2;
  s.channels_each_class = no_trans ? output_dim : output_dim / s.num_classes;
  s.spatial_scale = spatial_scale;
  s.trans_std = trans_std;
  return s;
}

void DeformablePSROIPoolForward(THCState* state,
                                const at::Tensor data, const at::Tensor bbox, const at::Tensor trans,
                                at::Tensor out, at::Tensor top_count,
                                const int channels_trans, const int no_trans, const float spatial_scale,
                                const int output_dim, const int group_size, const int pooled_size,
                                const int part_size, const int sample_per_part, const float trans_std) {
  const long count = out.numel();
  DISPATCH_FLOAT_AND_DOUBLE(data, "deformable_psroi_pool_forward", ([&] {
    const PoolShape<scalar_t> s = make_shape<scalar_t>(
        data, channels_trans, no_trans, spatial_scale, output_dim, group_size, pooled_size,
        part_size, sample_per_part, trans_std);
    const scalar_t* bottom_trans = no_trans ? NULL : trans.data<scalar_t>();
    DeformablePSROIPoolForwardKernel<scalar_t>
        <<<std::min(THCCeilDiv(count, 512L), 65535L), 512, 0, THCState_getCurrentStream(state)>>>(
            count, s, data.data<scalar_t>(), bbox.data<scalar_t>(), bottom_trans,
            out.data<scalar_t>(), top_count.data<scalar_t>());
  }));
  THCudaCheck(cudaGetLastError());
}

void DeformablePSROIPoolBackwardAcc(THCState* state,
                                    const at::Tensor out_grad, const at::Tensor data, const at::Tensor bbox,
                                    const at::Tensor trans, const at::Tensor top_count,
                                    at::Tensor in_grad, at::Tensor trans_grad,
                                    const int channels_trans, const int no_trans, const float spatial_scale,
                                    const int output_dim, const int group_size, const int pooled_size,
                                    const int part_size, const int sample_per_part, const float trans_std) {
  const long count = out_grad.numel();
  DISPATCH_FLOAT_AND_DOUBLE(data, "deformable_psroi_pool_backward_acc", ([&] {
    const PoolShape<scalar_t> s = make_shape<scalar_t>(
        data, channels_trans, no_trans, spatial_scale, output_dim, group_size, pooled_size,
        part_size, sample_per_part, trans_std);
    const scalar_t* bottom_trans = no_trans ? NULL : trans.data<scalar_t>();
    scalar_t* bottom_trans_diff = no_trans ? NULL : trans_grad.data<scalar_t>();
    DeformablePSROIPoolBackwardAccKernel<scalar_t>
        <<<std::min(THCCeilDiv(count, 512L), 65535L), 512, 0, THCState_getCurrentStream(state)>>>(
            count, s, out_grad.data<scalar_t>(), top_count.data<scalar_t>(), data.data<scalar_t>(),
            bbox.data<scalar_t>(), bottom_trans, in_grad.data<scalar_t>(), bottom_trans_diff);
  }));
  THCudaCheck(cudaGetLastError());
}
