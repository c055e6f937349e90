"""THC and TH: gone since torch 1.11, in parts since 1.5."""

from ..signature import Signature, either, missing_header, undeclared

_MIGRATE = "cuport migrate ."

SIGNATURES = (
    Signature(
        "thc-header", "1 2 E", "`THC/THC.h` (or another TH, THC header) not found, in a .cu, a .cpp or a .h",
        missing_header(r"(?:TH|THC|THCUNN|THNN)/(?!THCDeviceUtils|THCThrustAllocator|THCAtomics)[\w/]+\.c?u?h"),
        "torch 1.11 removed the TH and THC headers. Host files that include them break as the .cu files do.",
        "Include ATen/cuda/CUDAContext.h and what else the file uses; cuport does it in .cu, .cuh, .cpp and .h together.",
        _MIGRATE, source="PJLab-ADG/DetZero#19", rewrites=("thc-headers",),
    ),
    Signature(
        "torch7-source", "3", "bare `THC.h` not found, in the source of a Lua Torch7 package",
        missing_header(r"(?:THC|TH|luaT)\.h"),
        "This is code for Lua Torch7, not a PyTorch extension: a bare <THC.h> came from a Torch7 installation.",
        "Build it against Torch7 (set PREFIX to its install folder), or look for a PyTorch port of the project. cuport does not port Torch7.",
        source="luanfujun/deep-painterly-harmonization#26",
    ),
    Signature(
        "thc-cuda-check", "9", "`THCudaCheck` unknown", undeclared("THCudaCheck|THCublasCheck"),
        "torch 1.11 removed THCudaCheck with the rest of THC.",
        "Write C10_CUDA_CHECK(...) with c10/cuda/CUDAException.h (AT_CUDA_CHECK on old releases).",
        _MIGRATE, source="CoinCheung/pytorch-loss#37", rewrites=("thc-cuda-check",),
    ),
    Signature(
        "thc-ceil-div", "10", "`THCCeilDiv` unknown, `THC/THCDeviceUtils.cuh` not found",
        either(undeclared("THCCeilDiv|THCRoundUp|ATenCeilDiv"), missing_header(r"THC/THCDeviceUtils\.cuh")),
        "The helper was removed in torch 1.11 (THCCeilDiv became at::ceil_div).",
        "Call at::ceil_div with ATen/ceil_div.h.", _MIGRATE, source="pytorch/pytorch#65472",
        rewrites=("thc-ceil-div", "aten-ceil-div"),
    ),
    Signature(
        "thc-malloc", "12", "`THCudaMalloc`, `THCudaFree` unknown", undeclared("THCuda(?:Host)?(?:Malloc|Free|Alloc)"),
        "torch 1.11 removed THC's allocator functions.",
        "Allocate with c10::cuda::CUDACachingAllocator::raw_alloc and raw_delete, or make the buffer a byte tensor.",
        _MIGRATE, source="pytorch/pytorch#65492", rewrites=("thc-allocator",),
    ),
    Signature(
        "thc-thrust-allocator", "13", "`THC/THCThrustAllocator.cuh` not found", missing_header(r"THC/THCThrustAllocator\.cuh"),
        "The header moved when torch 1.11 removed THC.", "Include ATen/cuda/ThrustAllocator.h and use at::cuda::ThrustAllocator.",
        _MIGRATE, source="pytorch/pytorch#65492", rewrites=("thc-thrust-allocator",),
    ),
    Signature(
        "thc-atomics", "14", "`THC/THCAtomics.cuh` not found", missing_header(r"THC/THCAtomics\.cuh"),
        "The header moved when torch 1.11 removed THC.", "Include ATen/cuda/Atomic.cuh, in .cu files only; add with gpuAtomicAdd.",
        _MIGRATE, source="pytorch/vision#4478", rewrites=("thc-headers",),
    ),
    Signature(
        "atomics-in-host-file", "15", "errors inside `THCAtomics.cuh` or `Atomic.cuh` about atomicAdd, atomicCAS",
        r"(?:THCAtomics|Atomic)\.cuh[:(]\d+.*(?:'atomicAdd' (?:was not declared|在此作用域中尚未声明)"
        r"|no arguments to 'atomic\w+' that depend on a template parameter)",
        "A device header was included (perhaps through another header) in a file that the host compiler compiles.",
        "Include it in the .cu only. Do not add ATen/cuda/Atomic.cuh to a .cpp, it fails the same way.",
        source="pytorch/extension-cpp#69",
    ),
    Signature(
        "thc-current-stream", "16", "`THCState_getCurrentStream` unknown", undeclared(r"THCState_get\w+"),
        "torch 1.5 removed it.", "Take at::cuda::getCurrentCUDAStream() from ATen/cuda/CUDAContext.h.",
        _MIGRATE, source="pytorch/pytorch#36132", rewrites=("thc-current-stream",),
    ),
    Signature(
        "half-removed-state", "17", "`state` unknown in a file that was ported by hand",
        either(r'identifier "state" is undefined', r"'state' was not declared in this scope", r"'state' 在此作用域中尚未声明"),
        "Somebody deleted `extern THCState *state;` and left calls that pass `state`.",
        "Remove the declaration and every `state` argument together, or neither. Restore the original file and let cuport do both.",
        "git checkout -- FILE && cuport migrate FILE", source="MessyPaste/CenterNet_for_2080ti#1", before=r"(?i)dcn|THC|deform|_cuda",
        rewrites=("thc-state",),
    ),
    Signature(
        "thc-blas", "18", "`THCudaBlas_Sgemm`, `THCudaBlas_SgemmBatched` unknown", undeclared(r"THCudaBlas_\w+"),
        "torch 1.8 removed the THCudaBlas functions.",
        "Call cuBLAS itself, or write the product with torch::matmul, bmm, addmm; then compare results and gradients with a reference.",
        _MIGRATE, beware="Hand-ported GEMM calls often compile with transposed operands. Check gradients in double.",
        source="CharlesShang/DCNv2#92", rewrites=("ffi-cublas",),
    ),
    Signature(
        "th-cpu-blas", "19", "`THFloatBlas_gemm` unknown", undeclared(r"TH(?:Float|Double)Blas_\w+"),
        "The CPU BLAS of TH was removed (its gemm in torch 1.6, the rest by 1.10).",
        "Write the product with ATen operators.", _MIGRATE, source="CharlesShang/DCNv2#74", rewrites=("ffi-cpu-blas",),
    ),
    Signature(
        "gradcheck-mismatch", "20", "`Jacobian mismatch for output 0`, `Zero offset failed`",
        either(r"Jacobian mismatch for output \d+", r"^Zero offset failed"),
        "The extension runs, and its gradient differs from the numerical one: a GEMM ported with wrong transposes, or a check in float32, "
        "which is too coarse to pass.",
        "Run gradcheck with double tensors; if it still fails, compare forward and backward with a reference, such as torchvision's operator.",
        source="CharlesShang/DCNv2#92",
    ),
    Signature(
        "ffi-import", "89", "`torch.utils.ffi is deprecated. Please use cpp extensions instead.`",
        either(r"ImportError: torch\.utils\.ffi is deprecated", r"No module named '?torch\.utils\.ffi'?"),
        "The project has a cffi extension in C, from before torch 1.0.",
        "Its build script, bindings and C sources must become a C++ extension; cuport ports them.",
        _MIGRATE, source="vt-vl-lab/flownet2.pytorch#15", rewrites=("ffi-create-extension", "ffi-bindings", "ffi-c-source"),
    ),
)
