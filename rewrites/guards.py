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
    "memory-location": """the place of managed memory: the number of a device until CUDA 12, a cudaMemLocation since 13
#include <cuda_runtime.h>
namespace cuport {
#if CUDART_VERSION >= 13000
inline cudaMemLocation memory_location(int device) {
  cudaMemLocation place = {};
  place.type = device == cudaCpuDeviceId ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice;
  place.id = device == cudaCpuDeviceId ? 0 : device;
  return place;
}
inline cudaError_t mem_prefetch(const void *p, size_t n, int device, cudaStream_t stream = 0) {
  return cudaMemPrefetchAsync(p, n, memory_location(device), 0, stream);
}
inline cudaError_t mem_advise(const void *p, size_t n, cudaMemoryAdvise advice, int device) {
  return cudaMemAdvise(p, n, advice, memory_location(device));
}
#else
inline cudaError_t mem_prefetch(const void *p, size_t n, int device, cudaStream_t stream = 0) {
  return cudaMemPrefetchAsync(p, n, device, stream);
}
inline cudaError_t mem_advise(const void *p, size_t n, cudaMemoryAdvise advice, int device) {
  return cudaMemAdvise(p, n, advice, device);
}
#endif
}
""",
    "context-create": """cuCtxCreate, which takes parameters of the context since CUDA 13
#include <cuda.h>
namespace cuport {
inline CUresult ctx_create(CUcontext *context, unsigned int flags, CUdevice device) {
#if CUDA_VERSION >= 13000
  return cuCtxCreate(context, nullptr, flags, device);
#else
  return cuCtxCreate(context, flags, device);
#endif
}
}
""",
    "graph-edges": """the dependencies of a CUDA graph, whose edges have data of their own since CUDA 13
#include <cuda_runtime.h>
#if CUDART_VERSION >= 13000
#define CUPORT_NO_DATA nullptr,
#else
#define CUPORT_NO_DATA
#endif
namespace cuport {
inline cudaError_t graph_add_dependencies(cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t n) {
  return cudaGraphAddDependencies(graph, from, to, CUPORT_NO_DATA n);
}
inline cudaError_t graph_remove_dependencies(cudaGraph_t graph, const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t n) {
  return cudaGraphRemoveDependencies(graph, from, to, CUPORT_NO_DATA n);
}
inline cudaError_t graph_edges(cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to, size_t *n) {
  return cudaGraphGetEdges(graph, from, to, CUPORT_NO_DATA n);
}
inline cudaError_t graph_node_dependencies(cudaGraphNode_t node, cudaGraphNode_t *found, size_t *n) {
  return cudaGraphNodeGetDependencies(node, found, CUPORT_NO_DATA n);
}
inline cudaError_t graph_node_dependents(cudaGraphNode_t node, cudaGraphNode_t *found, size_t *n) {
  return cudaGraphNodeGetDependentNodes(node, found, CUPORT_NO_DATA n);
}
#if CUDART_VERSION >= 11030
inline cudaError_t update_capture_dependencies(cudaStream_t stream, cudaGraphNode_t *nodes, size_t n, unsigned int flags = 0) {
  return cudaStreamUpdateCaptureDependencies(stream, nodes, CUPORT_NO_DATA n, flags);
}
#endif
}
#undef CUPORT_NO_DATA
""",
}
