// Class-wise NMS: the same tiles as nms.cu, the greedy pass on the device.
#include "cuda_helpers.h"
#include "vision.h"

#include <THC/THC.h>
#include <THC/THCDeviceUtils.cuh>

int const threadsPerBlock = sizeof(unsigned long long) * 8;

// scratch memory that goes back on every way out of a function
struct ScratchBuffer {
  explicit ScratchBuffer(size_t n)
      : ptr(THCudaMalloc(at::globalContext().lazyInitCUDA(), n)) {}
  ~ScratchBuffer() { THCudaFree(at::globalContext().lazyInitCUDA(), ptr); }
  void* ptr;

 private:
  ScratchBuffer(const ScratchBuffer&);
  ScratchBuffer& operator=(const ScratchBuffer&);
};

template <typename T>
__device__ inline bool overlaps(T const * const a, const long label_a,
                                T const * const b, const long label_b, const T thresh) {
  if (label_a != label_b) {
    return false;
  }
  T width = max(min(a[2], b[2]) - max(a[0], b[0]), (T)0);
  T height = max(min(a[3], b[3]) - max(a[1], b[1]), (T)0);
  T inter = width * height;
  T area_a = (a[2] - a[0]) * (a[3] - a[1]);
  T area_b = (b[2] - b[0]) * (b[3] - b[1]);
  return inter > thresh * (area_a + area_b - inter);
}

template <typename T>
__global__ void ml_nms_kernel(const int n_boxes, const T nms_overlap_thresh,
                              const T *dev_boxes, const long *dev_labels,
                              unsigned long long *dev_mask) {
  const int row_start = blockIdx.y;
  const int col_start = blockIdx.x;
  const int row_size = min(n_boxes - row_start * threadsPerBlock, threadsPerBlock);
  const int col_size = min(n_boxes - col_start * threadsPerBlock, threadsPerBlock);

  __shared__ T block_boxes[threadsPerBlock * 4];
  __shared__ long block_labels[threadsPerBlock];
  if (threadIdx.x < col_size) {
    const int col = threadsPerBlock * col_start + threadIdx.x;
    for (int k = 0; k < 4; k++) {
      block_boxes[threadIdx.x * 4 + k] = dev_boxes[col * 4 + k];
    }
    block_labels[threadIdx.x] = dev_labels[col];
  }
  __syncthreads();

  if (threadIdx.x < row_size) {
    const int cur_box_idx = threadsPerBlock * row_start + threadIdx.x;
    unsigned long long t = 0;
    // the lower triangle is never read
    if (row_start <= col_start) {
      for (int i = row_start == col_start ? threadIdx.x + 1 : 0; i < col_size; i++) {
        if (overlaps<T>(dev_boxes + cur_box_idx * 4, dev_labels[cur_box_idx],
                        block_boxes + i * 4, block_labels[i], nms_overlap_thresh)) {
          t |= 1ULL << i;
        }
      }
    }
    dev_mask[(long)cur_box_idx * gridDim.x + col_start] = t;
  }
}

// one block: goes through the boxes by score, marks what stays and counts it
__global__ void ml_nms_reduce_kernel(const int n_boxes, const int col_blocks,
                                     const unsigned long long *dev_mask,
                                     unsigned long long *remv,
                                     unsigned char *keep, unsigned int *num_keep) {
  for (int i = 0; i < n_boxes; i++) {
    const int nblock = i / threadsPerBlock;
    const bool suppressed = (remv[nblock] >> (i % threadsPerBlock)) & 1ULL;
    // all threads have read before one writes
    __syncthreads();
    if (!suppressed) {
      for (int j = nblock + threadIdx.x; j < col_blocks; j += blockDim.x) {
        remv[j] |= dev_mask[(long)i * col_blocks + j];
      }
      if (threadIdx.x == 0) {
        keep[i] = 1;
        atomicAdd(num_keep, 1u);
      }
    }
    __syncthreads();
  }
}

// boxes is a N x 4 tensor, labels a N tensor of int64
at::Tensor ml_nms_cuda(const at::Tensor& boxes, const at::Tensor& scores,
                       const at::Tensor& labels, const float nms_overlap_thresh) {
  CHECK_CUDA(boxes);
  CHECK_CUDA(labels);
  CHECK_SAME_TYPE(boxes, scores);
  AT_CHECK(boxes.size(0) == labels.size(0) && boxes.size(0) == scores.size(0),
           "boxes, scores and labels must have the same length");
  at::cuda::CUDAGuard device_guard(boxes.device());
  // makes sure that CUDA is up
  THCState *state = at::globalContext().lazyInitCUDA();

  auto order_t = std::get<1>(scores.sort(0, /* descending=*/true));
  auto boxes_sorted = boxes.index_select(0, order_t).contiguous();
  auto labels_sorted = labels.index_select(0, order_t).contiguous();

  const int boxes_num = boxes.size(0);
  const int col_blocks = THCCeilDiv(boxes_num, threadsPerBlock);
  const size_t word = sizeof(unsigned long long);
  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  ScratchBuffer mask((size_t)boxes_num * col_blocks * word);
  unsigned long long* mask_dev = (unsigned long long*) mask.ptr;

  dim3 blocks(col_blocks, col_blocks);
  dim3 threads(threadsPerBlock);
  DISPATCH_FLOAT_AND_DOUBLE(boxes, "ml_nms", [&] {
    ml_nms_kernel<scalar_t><<<blocks, threads, 0, stream>>>(
        boxes_num,
        static_cast<scalar_t>(nms_overlap_thresh),
        boxes_sorted.data<scalar_t>(),
        labels_sorted.data<long>(),
        mask_dev);
  });
  THCudaCheck(cudaGetLastError());

  unsigned long long* remv_dev = NULL;
  // allocated and cleared in one go
  THCudaCheck(cudaMemsetAsync((remv_dev = (unsigned long long*) THCudaMalloc(state, col_blocks * word)),
                              0, col_blocks * word, stream));
  ScratchBuffer count(sizeof(unsigned int));
  THCudaCheck(cudaMemsetAsync(count.ptr, 0, sizeof(unsigned int), stream));

  auto keep = at::zeros({boxes_num}, boxes.type().toScalarType(at::kByte));
  ml_nms_reduce_kernel<<<1, threads, 0, stream>>>(
      boxes_num, col_blocks, mask_dev, remv_dev, keep.data<unsigned char>(), (unsigned int*) count.ptr);
  THCudaCheck(cudaGetLastError());

  unsigned int num_keep = 0;
  THCudaCheck(cudaMemcpyAsync(&num_keep, count.ptr, sizeof(unsigned int), cudaMemcpyDeviceToHost, stream));
  THCudaCheck(cudaStreamSynchronize(stream));
  THCudaFree(state, remv_dev);

  auto kept = keep.nonzero().squeeze(1);
  AT_ASSERT(kept.size(0) == static_cast<int64_t>(num_keep));
  return order_t.index_select(0, kept);
}
