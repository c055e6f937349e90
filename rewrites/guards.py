"""What no single spelling covers from the oldest release of a range to the newest: one guard each, for the project's ``cuport_compat.h``.

The first line of each goes on the marker line. Where the header may reach a host compiler, device code stands under ``__CUDACC__``.
"""

GUARDS = {
    "round-up": """at::round_up, since torch 1.11; THCRoundUp until 1.10
#if __has_include(<ATen/ceil_div.h>)
#include <ATen/ceil_div.h>
namespace cuport { using at::round_up; }
#elif defined(__CUDACC__)
#include <THC/THCDeviceUtils.cuh>
namespace cuport {
template <typename T> __host__ __device__ __forceinline__ T round_up(T a, T b) { return THCRoundUp(a, b); }
}
#endif
""",
    "thrust-allocator": """at::cuda::ThrustAllocator, since torch 1.11; THCThrustAllocator until 1.10
#ifdef __CUDACC__
#if __has_include(<ATen/cuda/ThrustAllocator.h>)
#include <ATen/cuda/ThrustAllocator.h>
namespace cuport { using at::cuda::ThrustAllocator; }
#else
#include <ATen/ATen.h>
#include <THC/THC.h>
#include <THC/THCThrustAllocator.cuh>
namespace cuport {
struct ThrustAllocator : THCThrustAllocator {
  ThrustAllocator() : THCThrustAllocator(at::globalContext().lazyInitCUDA()) {}
};
}
#endif
#endif
""",
    "cuda-generator": """the header of at::CUDAGeneratorImpl: ATen/cuda since torch 1.11, ATen from 1.6 to 1.10
#if __has_include(<ATen/cuda/CUDAGeneratorImpl.h>)
#include <ATen/cuda/CUDAGeneratorImpl.h>
#else
#include <ATen/CUDAGeneratorImpl.h>
#endif
""",
    "mutable-grad": """x.mutable_grad(), since torch 1.7; x.grad() gave a reference until 1.6
#include <ATen/ATen.h>
namespace cuport {
template <typename T> auto grad_of(T &x, int) -> decltype(x.mutable_grad()) { return x.mutable_grad(); }
template <typename T> auto grad_of(T &x, long) -> decltype(x.grad()) { return x.grad(); }
inline at::Tensor &mutable_grad(at::Tensor &x) { return grad_of(x, 0); }
}
""",
    "std17": """std::variant and its like, with C++17 (torch 2.0 and newer); c10's own before
#if __cplusplus >= 201703L
#include <type_traits>
#include <utility>
#include <variant>
namespace cuport {
using std::conjunction;
using std::disjunction;
using std::get;
using std::get_if;
using std::holds_alternative;
using std::in_place;
using std::monostate;
using std::variant;
using std::visit;
using std::void_t;
}
#else
#include <c10/util/C++17.h>
#include <c10/util/Optional.h>
#include <c10/util/variant.h>
namespace cuport {
using c10::get;
using c10::get_if;
using c10::holds_alternative;
using c10::in_place;
using c10::monostate;
using c10::variant;
using c10::visit;
using c10::guts::conjunction;
using c10::guts::disjunction;
using c10::guts::void_t;
}
#endif
""",
    "cub-functors": """functors that CUB had until CUDA 12, and libcu++ has with CUDA 13
#ifdef __CUDACC__
#include <cuda_runtime.h>
#if CUDART_VERSION >= 13000
#include <cuda/functional>
#include <cuda/std/functional>
namespace cuport {
using Sum = cuda::std::plus<>;
using Max = cuda::maximum<>;
using Min = cuda::minimum<>;
using Equality = cuda::std::equal_to<>;
using Inequality = cuda::std::not_equal_to<>;
}
#else
#include <cub/cub.cuh>
namespace cuport {
using cub::Equality;
using cub::Inequality;
using cub::Max;
using cub::Min;
using cub::Sum;
}
#endif
#endif
""",
}
