"""CUDA C++: what device code may say, by CUDA release and architecture."""

from ..signature import Signature, either, undeclared

_MIGRATE = "cuport migrate ."
_ATOMIC = r'no instance of overloaded function "atomicAdd" matches the argument list'

SIGNATURES = (
    Signature(
        "atomic-c10-half", "31 33", "no `atomicAdd` for `c10::Half`", _ATOMIC,
        "The kernel is dispatched for half, and CUDA's atomicAdd does not know c10::Half.",
        "Call gpuAtomicAdd from ATen/cuda/Atomic.cuh, or do not dispatch Half.", _MIGRATE,
        beware="Commenting out every atomicAdd makes it compile and loses the gradient.",
        source="microsoft/GLIP#163", then=r"argument types are: \(.*c10::(?:Half|BFloat16)", rewrites=("atomic-add",),
    ),
    Signature(
        "atomic-old-arch", "32", "no `atomicAdd` for `half`, `__half2` or `double`", _ATOMIC,
        "One of the architectures that are compiled for is too old: double and half2 need sm_60, half needs sm_70.",
        "Leave the old architectures out: TORCH_CUDA_ARCH_LIST, and no hard-coded -gencode in setup.py.",
        'export TORCH_CUDA_ARCH_LIST="7.5;8.6"', beware="Commenting out the atomicAdd calls loses results.",
        source="NVIDIA/TensorRT#2992", then=r"argument types are: \((?:(?:__)?half2? ?\*|double ?\*)", unless=r"argument types are: \(.*c10::",
        rewrites=("hardcoded-gpu-arch",),
    ),
    Signature(
        "atomic-double-defined", "34", '`function "atomicAdd(double *, double)" has already been defined`',
        r'function "atomicAdd\(double ?\*, ?double\)".* has already been defined',
        "The project defines its own atomicAdd for double; CUDA has one since CUDA 8.",
        "Delete it, or keep it for __CUDA_ARCH__ < 600 only.", _MIGRATE, source="hszhao/PSPNet#4", rewrites=("own-atomic-add-double",),
    ),
    Signature(
        "half-operators-twice", "35", '`more than one operator "!=" matches these operands` with half',
        r'more than one operator "[^"]+" matches these operands',
        "The operators of half are defined twice: by cuda_fp16.h and by the project or an old THC.",
        "Compile with -D__CUDA_NO_HALF_OPERATORS__ (torch's CUDAExtension adds it; CMake and make files do not).",
        source="torch/cutorch#797", then=r"operand types are: (?:half|__half)\b",
    ),
    Signature(
        "half-operators-off", "36", '`no operator "+" matches these operands` with __half2',
        r'no operator "[^"]+" matches these operands',
        "torch compiles with -D__CUDA_NO_HALF_OPERATORS__ and the like, and this source uses the native operators of half.",
        "Add to nvcc's flags: -U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__.",
        source="deepspeedai/DeepSpeed#1089", then=r"operand types are: .*(?:__half2?|half2?)\b",
    ),
    Signature(
        "half-member-x", "37", '`class "__half" has no member "x"`', r'(?:class|struct) "__half" has no member "x"',
        "CUDA 9 made the bits of __half private.", "Read them with __half_as_ushort(h), or through __half_raw.", source="torch/cutorch#797",
    ),
    Signature(
        "shfl-removed", "38", "`__shfl_down`, `__shfl_xor`, `__shfl` unknown",
        undeclared("__shfl(?:_down|_up|_xor)?|__ballot|__any|__all"),
        "Warp intrinsics without a mask are gone for sm_70 and newer.",
        "Use the _sync forms; the mask must name the lanes that take part, 0xffffffff is right only where all 32 do.",
        "cuport migrate --unsafe-fixes .", source="HaolinLiu97/PUGAN-pytorch#19", rewrites=("warp-intrinsics",),
    ),
    Signature(
        "shfl-sync-too-new", "39", "`__shfl_down_sync` unknown", undeclared(r"__(?:shfl|ballot|any|all|syncwarp)\w*_sync|__syncwarp"),
        "This nvcc is older than CUDA 9, which brought the _sync intrinsics.", "Take a newer CUDA toolkit.",
        "cuport toolchain install", source="gnina/gnina#20",
    ),
    Signature(
        "texture-reference", "40", "`texture is not a template`, `cudaBindTexture` unknown",
        either(r"(?:^|[\s'\":])texture'?\"? is not a template", undeclared("cudaBindTexture(?:2D|ToArray)?|cudaUnbindTexture|cudaBindSurfaceToArray"),
               r'no instance of overloaded function "tex(?:1Dfetch|1D|2D|3D)" matches'),
        "CUDA 12 removed texture references.", "Use texture objects (cudaCreateTextureObject) or plain reads of global memory.",
        "cuport migrate .   (it reports each place; the change is by hand)", source="treecode/Bonsai#52", rewrites=("texture-reference",),
    ),
    Signature(
        "relaxed-constexpr", "41", "`calling a constexpr __host__ function(\"max\") from a __device__ function`",
        r"calling a constexpr __host__ function\(?.*from a __(?:device|global)__ function",
        "The nvcc flag --expt-relaxed-constexpr is missing: CUDAExtension adds it, a make file or CMake does not.",
        "Add --expt-relaxed-constexpr, or call device functions (fmaxf, fminf, max without std::).", source="rusty1s/pytorch_scatter#90",
        kind="as-line",
    ),
    Signature(
        "host-constant-in-device", "44", '`identifier "EPS" is undefined in device code`', r'identifier "\w+" is undefined in device code',
        "A constant of the host is used in device code; nvcc on Windows does not fold it.",
        "Make it a #define, or constexpr __device__.", source="sshaoshuai/PointRCNN#103",
    ),
    Signature(
        "hipify-max", "101", "ROCm: `std::max` became `::max`",
        r"(?:no member named 'm(?:ax|in)' in the global namespace|'::m(?:ax|in)' has not been declared)",
        "hipify, which torch's CUDAExtension runs on ROCm over all sources, turned std::max into ::max in code that was HIP already.",
        "Keep HIP sources out of CUDAExtension's list, or include <algorithm> and write (std::max)(a, b).", source="pytorch/pytorch#127015",
        before=r"hip",
    ),
)
