"""Call CUDA's functions by the names that are left."""

from migrator.rewrite import Case, Rewrite


def _not_own(match, ctx):
    return not ctx.project.has_function(match.pattern.anchor) and not ctx.project.macros(match.pattern.anchor)


def _renamed(id, old, new, detail, removed="13.0", link="https://docs.nvidia.com/cuda/cuda-runtime-api/"):
    doc = f"Call ``{new.split('(')[0]}`` instead of ``{old.split('(')[0]}``.\n\n{detail}\n\nBefore:\n    {_sample(old)};\nAfter:\n    {_sample(new)};\n"
    return Rewrite(id, doc, cases=(Case(old, new, (), _not_own),), cuda_removed_in=removed, link=link)


def _sample(pattern):
    return pattern.replace("$$$args", "stream").replace("$", "")


_THREAD = "Deprecated since CUDA 4.0, removed in 13.0."
rewrites = [
    _renamed("cuda-thread-synchronize", "cudaThreadSynchronize()", "cudaDeviceSynchronize()", _THREAD),
    _renamed("cuda-thread-exit", "cudaThreadExit()", "cudaDeviceReset()", _THREAD),
    _renamed("cuda-thread-set-limit", "cudaThreadSetLimit($limit, $value)", "cudaDeviceSetLimit($limit, $value)", _THREAD),
    _renamed("cuda-thread-get-limit", "cudaThreadGetLimit($value, $limit)", "cudaDeviceGetLimit($value, $limit)", _THREAD),
    _renamed("cuda-thread-get-cache-config", "cudaThreadGetCacheConfig($config)", "cudaDeviceGetCacheConfig($config)", _THREAD),
    _renamed("saturate", "saturate($x)", "__saturatef($x)", "In the headers of CUDA 11.8, not in those of 12.0.", removed="12.0",
             link="https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__SINGLE.html"),
    _renamed("cuda-thread-cache-config", "cudaThreadSetCacheConfig($config)", "cudaDeviceSetCacheConfig($config)", _THREAD),
]
