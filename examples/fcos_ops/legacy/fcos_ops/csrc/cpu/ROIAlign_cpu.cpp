#include "vision.h"

#include <algorithm>
#include <cmath>

// where one sample lies: its four neighbours and their weights
template <typename T>
struct Sample {
  int y_low, x_low, y_high, x_high;
  T w1, w2, w3, w4;
  bool inside;
};

template <typename T>
Sample<T> make_sample(const int height, const int width, T y, T x) {
  Sample<T> s;
  s.inside = !(y < -1.0 || y > height || x < -1.0 || x > width);
  if (!s.inside) {
    s.y_low = s.x_low = s.y_high = s.x_high = 0;
    s.w1 = s.w2 = s.w3 = s.w4 = 0;
    return s;
  }
  y = std::max(y, static_cast<T>(0));
  x = std::max(x, static_cast<T>(0));
  s.y_low = static_cast<int>(y);
  s.x_low = static_cast<int>(x);
  if (s.y_low >= height - 1) {
    s.y_high = s.y_low = height - 1;
    y = static_cast<T>(s.y_low);
  } else {
    s.y_high = s.y_low + 1;
  }
  if (s.x_low >= width - 1) {
    s.x_high = s.x_low = width - 1;
    x = static_cast<T>(s.x_low);
  } else {
    s.x_high = s.x_low + 1;
  }
  const T ly = y - s.y_low, lx = x - s.x_low;
  const T hy = 1 - ly, hx = 1 - lx;
  s.w1 = hy * hx;
  s.w2 = hy * lx;
  s.w3 = ly * hx;
  s.w4 = ly * lx;
  return s;
}

// calls f(roi, batch index, ph, pw, sample, 1 / number of samples)
template <typename T, typename F>
void for_each_sample(const int num_rois, const T* rois, const T spatial_scale,
                     const int height, const int width,
                     const int pooled_height, const int pooled_width,
                     const int sampling_ratio, const F& f) {
  for (int n = 0; n < num_rois; n++) {
    const T* roi = rois + n * 5;
    const int batch_ind = static_cast<int>(roi[0]);
    const T start_w = roi[1] * spatial_scale;
    const T start_h = roi[2] * spatial_scale;
    // Force malformed ROIs to be 1x1
    const T roi_width = std::max(roi[3] * spatial_scale - start_w, static_cast<T>(1.));
    const T roi_height = std::max(roi[4] * spatial_scale - start_h, static_cast<T>(1.));
    const T bin_h = roi_height / static_cast<T>(pooled_height);
    const T bin_w = roi_width / static_cast<T>(pooled_width);
    const int grid_h = sampling_ratio > 0
        ? sampling_ratio : static_cast<int>(std::ceil(roi_height / pooled_height));
    const int grid_w = sampling_ratio > 0
        ? sampling_ratio : static_cast<int>(std::ceil(roi_width / pooled_width));
    const T scale = static_cast<T>(1) / (grid_h * grid_w);
    for (int ph = 0; ph < pooled_height; ph++)
      for (int pw = 0; pw < pooled_width; pw++)
        for (int iy = 0; iy < grid_h; iy++)
          for (int ix = 0; ix < grid_w; ix++) {
            const T y = start_h + ph * bin_h + static_cast<T>(iy + .5f) * bin_h / static_cast<T>(grid_h);
            const T x = start_w + pw * bin_w + static_cast<T>(ix + .5f) * bin_w / static_cast<T>(grid_w);
            const Sample<T> s = make_sample(height, width, y, x);
            if (s.inside)
              f(n, batch_ind, ph, pw, s, scale);
          }
  }
}

static void check_batch_index(const at::Tensor& rois, const int64_t batch_size) {
  if (rois.numel() == 0)
    return;
  auto index = rois.select(1, 0);
  const double low = index.min().item<double>(), high = index.max().item<double>();
  if (low < 0 || high >= batch_size)
    AT_ERROR("ROIAlign: batch index of a roi is outside [0, %d)", static_cast<int>(batch_size));
}

at::Tensor ROIAlign_forward_cpu(const at::Tensor& input,
                                const at::Tensor& rois,
                                const float spatial_scale,
                                const int pooled_height,
                                const int pooled_width,
                                const int sampling_ratio) {
  CHECK_CPU(input);
  CHECK_CPU(rois);
  CHECK_ROIS(rois);
  AT_CHECK(input.type() == rois.type(), "input and rois must have the same type");
  check_batch_index(rois, input.size(0));

  const int num_rois = rois.size(0);
  const int channels = input.size(1);
  const int height = input.size(2);
  const int width = input.size(3);

  auto output = at::zeros({num_rois, channels, pooled_height, pooled_width}, input.type());
  if (output.numel() == 0) {
    return output;
  }
  auto input_c = input.contiguous();
  auto rois_c = rois.contiguous();

  AT_DISPATCH_FLOATING_TYPES(input.type(), "ROIAlign_forward", [&] {
    const scalar_t* in = input_c.data<scalar_t>();
    scalar_t* out = output.data<scalar_t>();
    for_each_sample<scalar_t>(
        num_rois, rois_c.data<scalar_t>(), static_cast<scalar_t>(spatial_scale), height, width,
        pooled_height, pooled_width, sampling_ratio,
        [&](int n, int b, int ph, int pw, const Sample<scalar_t>& s, scalar_t scale) {
          for (int c = 0; c < channels; c++) {
            const scalar_t* p = in + (static_cast<int64_t>(b) * channels + c) * height * width;
            const scalar_t v = s.w1 * p[s.y_low * width + s.x_low] + s.w2 * p[s.y_low * width + s.x_high] +
                s.w3 * p[s.y_high * width + s.x_low] + s.w4 * p[s.y_high * width + s.x_high];
            out[((static_cast<int64_t>(n) * channels + c) * pooled_height + ph) * pooled_width + pw] += v * scale;
          }
        });
  });
  return output;
}

at::Tensor ROIAlign_backward_cpu(const at::Tensor& grad,
                                 const at::Tensor& rois,
                                 const float spatial_scale,
                                 const int pooled_height,
                                 const int pooled_width,
                                 const int batch_size,
                                 const int channels,
                                 const int height,
                                 const int width,
                                 const int sampling_ratio) {
  CHECK_CPU(grad);
  CHECK_CPU(rois);
  CHECK_ROIS(rois);
  AT_ASSERT(rois.size(0) == grad.size(0));
  check_batch_index(rois, batch_size);

  auto grad_input = at::zeros({batch_size, channels, height, width}, grad.type());
  if (grad.numel() == 0) {
    return grad_input;
  }
  const int num_rois = rois.size(0);
  auto grad_c = grad.contiguous();
  auto rois_c = rois.contiguous();

  AT_DISPATCH_FLOATING_TYPES(
      grad.type(), "ROIAlign_backward", [&] {
        const scalar_t* g = grad_c.data<scalar_t>();
        scalar_t* out = grad_input.data<scalar_t>();
        for_each_sample<scalar_t>(
            num_rois, rois_c.data<scalar_t>(), static_cast<scalar_t>(spatial_scale), height, width,
            pooled_height, pooled_width, sampling_ratio,
            [&](int n, int b, int ph, int pw, const Sample<scalar_t>& s, scalar_t scale) {
              for (int c = 0; c < channels; c++) {
                scalar_t* p = out + (static_cast<int64_t>(b) * channels + c) * height * width;
                const scalar_t v =
                    g[((static_cast<int64_t>(n) * channels + c) * pooled_height + ph) * pooled_width + pw] * scale;
                p[s.y_low * width + s.x_low] += v * s.w1;
                p[s.y_low * width + s.x_high] += v * s.w2;
                p[s.y_high * width + s.x_low] += v * s.w3;
                p[s.y_high * width + s.x_high] += v * s.w4;
              }
            });
      });
  return grad_input;
}
