#include "cuda_helpers.h"
#include "vision.h"

#include <THC/THC.h>
#include <THC/THCDeviceUtils.cuh>

#include <iostream>
#include <vector>

int const threadsPerBlock = sizeof(unsigned long long) * 8;

template <typename T>
__device__ inline T devIoU(T const * const a, T const * const b) {
  T left = max(a[0], b[0]), right = min(a[2], b[2]);
  T top = max(a[1], b[1]), bottom = min(a[3], b[3]);
  T width = max(right - left, (T)0), height = max(bottom - top, (T)0);
  T interS = width * height;
  T Sa = (a[2] - a[0]) * (a[3] - a[1]);
  T Sb = (b[2] - b[0]) * (b[3] - b[1]);
  T u = Sa + Sb - interS;
  return u > 0 ? interS / u : (T)0;
}

template <typename T>
__global__ void nms_kernel(const int n_boxes, const T nms_overlap_thresh,
                           const T *dev_boxes, unsigned long long *dev_mask) {
  const int row_start = blockIdx.y;
  const int col_start = blockIdx.x;

  const int row_size =
        min(n_boxes - row_start * threadsPerBlock, threadsPerBlock);
  const int col_size =
        min(n_boxes - col_start * threadsPerBlock, threadsPerBlock);

  __shared__ T block_boxes[threadsPerBlock * 4];
  if (threadIdx.x < col_size) {
    for (int k = 0; k < 4; k++) {
      block_boxes[threadIdx.x * 4 + k] =
          dev_boxes[(threadsPerBlock * col_start + threadIdx.x) * 4 + k];
    }
  }
  __syncthreads();

  if (threadIdx.x < row_size) {
    const int cur_box_idx = threadsPerBlock * row_start + threadIdx.x;
    const T *cur_box = dev_boxes + cur_box_idx * 4;
    unsigned long long t = 0;
    int start = 0;
    if (row_start == col_start) {
      start = threadIdx.x + 1;
    }
    // the lower triangle is never read
    if (row_start <= col_start) {
      for (int i = start; i < col_size; i++) {
        if (devIoU(cur_box, block_boxes + i * 4) > nms_overlap_thresh) {
          t |= 1ULL << i;
        }
      }
    }
    const int col_blocks = THCCeilDiv(n_boxes, threadsPerBlock);
    dev_mask[(long)cur_box_idx * col_blocks + col_start] = t;
  }
}

// boxes is a N x 4 tensor
at::Tensor nms_cuda(const at::Tensor& boxes, const at::Tensor& scores, const float nms_overlap_thresh) {
  AT_ASSERTM(boxes.type().is_cuda(), "boxes must be a CUDA tensor");
  AT_ASSERTM(boxes.type() == scores.type(), "boxes and scores must have the same type");
  at::cuda::CUDAGuard device_guard(boxes.device());

  auto order_t = std::get<1>(scores.sort(0, /* descending=*/true));
  auto boxes_sorted = boxes.index_select(0, order_t).contiguous();

  int boxes_num = boxes.size(0);
  const int col_blocks = THCCeilDiv(boxes_num, threadsPerBlock);

  THCState *state = at::globalContext().lazyInitCUDA(); // TODO replace with getTHCState
  cudaStream_t stream = THCState_getCurrentStream(state);

  unsigned long long* mask_dev = NULL;
  //THCudaCheck(THCudaMalloc(state, (void**) &mask_dev,
  //                      boxes_num * col_blocks * sizeof(unsigned long long)));
  const size_t mask_bytes = (size_t)boxes_num * col_blocks * sizeof(unsigned long long);
  mask_dev = (unsigned long long*) THCudaMalloc(state, mask_bytes);

  dim3 blocks(THCCeilDiv(boxes_num, threadsPerBlock),
              THCCeilDiv(boxes_num, threadsPerBlock));
  dim3 threads(threadsPerBlock);
  AT_DISPATCH_FLOATING_TYPES(boxes.type(), "nms", [&] {
    nms_kernel<scalar_t><<<blocks, threads, 0, stream>>>(
        boxes_num,
        static_cast<scalar_t>(nms_overlap_thresh),
        boxes_sorted.data<scalar_t>(),
        mask_dev);
  });
  THCudaCheck(cudaGetLastError());

  std::vector<unsigned long long> mask_host((size_t)boxes_num * col_blocks);
  THCudaCheck(cudaMemcpyAsync(&mask_host[0],
                        mask_dev,
                        sizeof(unsigned long long) * boxes_num * THCCeilDiv(boxes_num, threadsPerBlock),
                        cudaMemcpyDeviceToHost,
                        THCState_getCurrentStream(state)));
  THCudaCheck(cudaStreamSynchronize(stream));
  THCudaFree(state, mask_dev);

  std::vector<unsigned long long> remv(col_blocks);

  at::Tensor keep = at::empty({boxes_num}, boxes.options().dtype(at::kLong).device(at::kCPU));
  int64_t* keep_out = keep.data<int64_t>();

  int num_to_keep = 0;
  for (int i = 0; i < boxes_num; i++) {
    int nblock = i / threadsPerBlock;
    int inblock = i % threadsPerBlock;

    if (!(remv[nblock] & (1ULL << inblock))) {
      keep_out[num_to_keep++] = i;
      unsigned long long *p = mask_host.data() + (size_t)i * col_blocks;
      for (int j = nblock; j < col_blocks; j++) {
        remv[j] |= p[j];
      }
    }
  }

  return order_t.index_select(0, keep.narrow(0, 0, num_to_keep).to(order_t.device()));
}
