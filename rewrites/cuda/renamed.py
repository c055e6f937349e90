"""Call CUDA's functions by the names that are left."""

from migrator.rewrite import Case, Rewrite


_UNITS = frozenset({".cu", ".cpp", ".cc", ".cxx"})


def _not_own(match, ctx):
    name, project = match.pattern.anchor, ctx.project
    if not project.has_function(name) and not project.macros(name):
        return True
    if ctx.path.suffix not in _UNITS:
        return False
    # one of that name in another source is not what this one calls: CUDA's own was there without a declaration
    included = {header.rpartition("/")[2] for header in project.all_includes(ctx.path)}
    visible = {path for path in project.with_word(name) if path == ctx.path or path.name in included}
    files = [project.files[path] for path in visible]
    return not any(path in visible for path, _ in project.macros(name)) and not any(d.tree.file in files for d in project.functions(name))


def _on_the_device(match, ctx):
    return ctx.path.suffix in (".cu", ".cuh") and _not_own(match, ctx)


def _renamed(id, old, new, detail, removed="13.0", link="https://docs.nvidia.com/cuda/cuda-runtime-api/", where=_not_own):
    doc = f"Call ``{new.split('(')[0]}`` instead of ``{old.split('(')[0]}``.\n\n{detail}\n\nBefore:\n    {_sample(old)};\nAfter:\n    {_sample(new)};\n"
    return Rewrite(id, doc, cases=(Case(old, new, (), where),), cuda_removed_in=removed, link=link)


def _sample(pattern):
    return pattern.replace("$$$args", "stream").replace("$", "")


_INTRINSICS = "In the headers of CUDA 11.8, not in those of 12.0."
_INTEGERS = "https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__INT.html"
_CASTS = "https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__CAST.html"
_THREAD = "Deprecated since CUDA 4.0, removed in 13.0."
rewrites = [
    _renamed("cuda-thread-synchronize", "cudaThreadSynchronize()", "cudaDeviceSynchronize()", _THREAD),
    _renamed("cuda-thread-exit", "cudaThreadExit()", "cudaDeviceReset()", _THREAD),
    _renamed("cuda-thread-set-limit", "cudaThreadSetLimit($limit, $value)", "cudaDeviceSetLimit($limit, $value)", _THREAD),
    _renamed("cuda-thread-get-limit", "cudaThreadGetLimit($value, $limit)", "cudaDeviceGetLimit($value, $limit)", _THREAD),
    _renamed("cuda-thread-get-cache-config", "cudaThreadGetCacheConfig($config)", "cudaDeviceGetCacheConfig($config)", _THREAD),
    _renamed("saturate", "saturate($x)", "__saturatef($x)", _INTRINSICS, removed="12.0",
             link="https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__SINGLE.html"),
    _renamed("mul24", "mul24($a, $b)", "__mul24($a, $b)", _INTRINSICS, "12.0", _INTEGERS, _on_the_device),
    _renamed("umul24", "umul24($a, $b)", "__umul24($a, $b)", _INTRINSICS, "12.0", _INTEGERS, _on_the_device),
    _renamed("float-as-int", "float_as_int($x)", "__float_as_int($x)", _INTRINSICS, "12.0", _CASTS, _on_the_device),
    _renamed("int-as-float", "int_as_float($x)", "__int_as_float($x)", _INTRINSICS, "12.0", _CASTS, _on_the_device),
    _renamed("cuda-thread-cache-config", "cudaThreadSetCacheConfig($config)", "cudaDeviceSetCacheConfig($config)", _THREAD),
]
