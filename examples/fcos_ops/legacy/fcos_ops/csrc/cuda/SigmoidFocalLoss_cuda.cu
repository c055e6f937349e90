// Sigmoid focal loss (Lin et al., "Focal Loss for Dense Object Detection", 2017)
#include "cuda_helpers.h"
#include "vision.h"

#include <THC/THC.h>
#include <THC/THCAtomics.cuh>
#include <THC/THCDeviceUtils.cuh>

#include <cfloat>

// log(sigmoid(x)) without overflow
template <typename T>
__device__ __forceinline__ T log_sigmoid(const T x) {
  return (x < 0 ? x : (T)0) - log1p(exp(x < 0 ? x : -x));
}

template <typename scalar_t, typename acc_t>
__global__ void SigmoidFocalLossForward(
    const long nthreads, const scalar_t* logits, const long* targets,
    const int num_classes, const acc_t gamma, const acc_t alpha, scalar_t* losses) {
  CUDA_1D_KERNEL_LOOP(i, nthreads) {
    const long n = i / num_classes;
    const int d = i % num_classes;  // current class
    const long t = targets[n];      // target class, 1 .. num_classes

    // Decide it is positive or negative case; -1 is neither
    const acc_t c1 = (t == (d + 1));
    const acc_t c2 = (t >= 0 && t != (d + 1));

    const acc_t x = static_cast<acc_t>(logits[i]);
    const acc_t log_p = log_sigmoid<acc_t>(x);
    const acc_t log_q = log_sigmoid<acc_t>(-x);
    const acc_t p = exp(log_p);
    const acc_t q = exp(log_q);

    // q^gamma * log(p) where class = t, p^gamma * log(q) elsewhere
    const acc_t term1 = pow(q, gamma) * log_p;
    const acc_t term2 = pow(p, gamma) * log_q;
    losses[i] = static_cast<scalar_t>(-c1 * alpha * term1 - c2 * ((acc_t)1 - alpha) * term2);
  }
}

template <typename scalar_t, typename acc_t>
__global__ void SigmoidFocalLossBackward(
    const long nthreads, const scalar_t* logits, const long* targets, const scalar_t* d_losses,
    const int num_classes, const acc_t gamma, const acc_t alpha, scalar_t* d_logits) {
  CUDA_1D_KERNEL_LOOP(i, nthreads) {
    const long n = i / num_classes;
    const int d = i % num_classes;
    const long t = targets[n];

    const acc_t c1 = (t == (d + 1));
    const acc_t c2 = (t >= 0 && t != (d + 1));

    const acc_t x = static_cast<acc_t>(logits[i]);
    const acc_t log_p = log_sigmoid<acc_t>(x);
    const acc_t log_q = log_sigmoid<acc_t>(-x);
    const acc_t p = exp(log_p);
    const acc_t q = exp(log_q);

    // q^g * (q - g * p * log(p)),  p^g * (g * q * log(q) - p)
    const acc_t term1 = pow(q, gamma) * (q - gamma * p * log_p);
    const acc_t term2 = pow(p, gamma) * (gamma * q * log_q - p);
    const acc_t g = -c1 * alpha * term1 - c2 * ((acc_t)1 - alpha) * term2;
    d_logits[i] = static_cast<scalar_t>(g * static_cast<acc_t>(d_losses[i]));
  }
}

// the sum of all losses, in float whatever the losses are
template <typename scalar_t>
__global__ void SigmoidFocalLossSum(const long nthreads, const scalar_t* losses, float* total) {
  float sum = 0;
  CUDA_1D_KERNEL_LOOP(i, nthreads) {
    sum += static_cast<float>(losses[i]);
  }
  for (int delta = 16; delta > 0; delta /= 2) {
    sum += WARP_SHFL_DOWN(sum, delta);
  }
  if (threadIdx.x % 32 == 0) {
    atomicAdd(total, sum);
  }
}

static void check_targets(const at::Tensor& logits, const at::Tensor& targets, const int num_classes) {
  AT_ASSERTM(logits.type().is_cuda(), "logits must be a CUDA tensor");
  AT_ASSERTM(targets.type().is_cuda(), "targets must be a CUDA tensor");
  AT_ASSERTM(logits.dim() == 2, "logits should be NxClass");
  if (logits.size(1) != num_classes)
    AT_ERROR("logits have %d columns, num_classes is %d", static_cast<int>(logits.size(1)), num_classes);
  AT_CHECK(targets.dim() == 1 && targets.size(0) == logits.size(0), 2, "targets must be [N]");
  AT_CHECK(targets.type().scalarType() == at::kLong, "targets must be int64");
}

at::Tensor SigmoidFocalLoss_forward_cuda(const at::Tensor& logits,
                                         const at::Tensor& targets,
                                         const int num_classes,
                                         const float gamma,
                                         const float alpha) {
  check_targets(logits, targets, num_classes);
  at::cuda::CUDAGuard device_guard(logits.device());
  THCState *state = at::globalContext().lazyInitCUDA();

  auto losses = at::empty({logits.size(0), logits.size(1)}, logits.type());
  const long losses_size = logits.numel();
  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  dim3 grid(std::min(THCCeilDiv(losses_size, 512L), 4096L));
  dim3 block(512);

  if (losses.numel() == 0) {
    THCudaCheck(cudaGetLastError());
    return losses;
  }

  if (logits.type().scalarType() == at::kBFloat16) {
    SigmoidFocalLossForward<at::BFloat16, float><<<grid, block, 0, stream>>>(
        losses_size, logits.contiguous().data<at::BFloat16>(), targets.contiguous().data<long>(),
        num_classes, gamma, alpha, losses.data<at::BFloat16>());
    THCudaCheck(cudaGetLastError());
    return losses;
  }

  AT_DISPATCH_FLOATING_TYPES_AND_HALF(logits.type(), "SigmoidFocalLoss_forward", [&] {
    typedef at::acc_type<scalar_t, true> acc_t;
    SigmoidFocalLossForward<scalar_t, acc_t><<<grid, block, 0, stream>>>(
        losses_size,
        logits.contiguous().data<scalar_t>(),
        targets.contiguous().data<long>(),
        num_classes,
        static_cast<acc_t>(gamma),
        static_cast<acc_t>(alpha),
        losses.data<scalar_t>());
  });
  THCudaCheck(cudaGetLastError());
  return losses;
}

at::Tensor SigmoidFocalLoss_backward_cuda(const at::Tensor& logits,
                                          const at::Tensor& targets,
                                          const at::Tensor& d_losses,
                                          const int num_classes,
                                          const float gamma,
                                          const float alpha) {
  check_targets(logits, targets, num_classes);
  CHECK_CUDA(d_losses);
  AT_ASSERTM(d_losses.type() == logits.type() && d_losses.numel() == logits.numel(),
             "d_losses must be like the logits");
  at::cuda::CUDAGuard device_guard(logits.device());

  auto d_logits = at::zeros({logits.size(0), num_classes}, logits.type());
  const long d_logits_size = logits.numel();
  cudaStream_t stream = at::cuda::getCurrentCUDAStream();

  dim3 grid(std::min(THCCeilDiv(d_logits_size, 512L), 4096L));
  dim3 block(512);

  if (d_logits.numel() == 0) {
    THCudaCheck(cudaGetLastError());
    return d_logits;
  }

  if (logits.type().scalarType() == at::kBFloat16) {
    SigmoidFocalLossBackward<at::BFloat16, float><<<grid, block, 0, stream>>>(
        d_logits_size, logits.contiguous().data<at::BFloat16>(), targets.contiguous().data<long>(),
        d_losses.contiguous().data<at::BFloat16>(), num_classes, gamma, alpha,
        d_logits.data<at::BFloat16>());
    THCudaCheck(cudaGetLastError());
    return d_logits;
  }

  AT_DISPATCH_FLOATING_TYPES_AND_HALF(
      logits.type(), "SigmoidFocalLoss_backward", [&] {
        typedef at::acc_type<scalar_t, true> acc_t;
        SigmoidFocalLossBackward<scalar_t, acc_t><<<grid, block, 0, stream>>>(
            d_logits_size,
            logits.contiguous().data<scalar_t>(),
            targets.contiguous().data<long>(),
            d_losses.contiguous().data<scalar_t>(),
            num_classes,
            static_cast<acc_t>(gamma),
            static_cast<acc_t>(alpha),
            d_logits.data<scalar_t>());
      });
  THCudaCheck(cudaGetLastError());
  return d_logits;
}

at::Tensor SigmoidFocalLoss_sum_cuda(const at::Tensor& losses) {
  CHECK_CUDA(losses);
  at::cuda::CUDAGuard device_guard(losses.device());

  auto total = at::zeros({1}, losses.options().dtype(at::kFloat));
  const long size = losses.numel();
  if (size == 0) {
    return total;
  }
  // whole warps only, every lane takes part in the shuffle
  dim3 grid(std::min(THCCeilDiv(size, 256L), 1024L));
  dim3 block(256);

  AT_DISPATCH_FLOATING_TYPES_AND_HALF(losses.type(), "SigmoidFocalLoss_sum", ([&] {
    SigmoidFocalLossSum<scalar_t><<<grid, block, 0, at::cuda::getCurrentCUDAStream()>>>(
        size, losses.contiguous().data<scalar_t>(), total.data<float>());
  }));
  THCudaCheck(cudaGetLastError());
  return total;
}
