"""Include ``cuda_runtime.h`` instead of headers that are internal to it.

``device_functions.h``, ``math_functions.h`` and their like warn that they must not be used directly.

Before:
    #include <device_functions.h>
    #include <math_functions.h>
    __device__ float f(float x) { return sqrtf(x); }
After:
    #include <cuda_runtime.h>
    __device__ float f(float x) { return sqrtf(x); }
"""

from migrator.rewrite import Change, Edit, Rewrite

ID = "cuda-internal-headers"
_WORDS = ("device_functions", "math_functions", "device_double_functions", "common_functions", "host_defines", "host_config")
_HEADERS = {f"{word}.h" for word in _WORDS}


def fix(ctx):
    gone = [
        i for i in ctx.includes()
        if i.name in _HEADERS and ctx.project.local_include(i, ctx.path) is None and not ctx.tree.in_disabled(i.start)
    ]  # fmt: skip
    has_runtime = "cuda_runtime.h" in ctx.catalogue.headers.closure(ctx.project.all_includes(ctx.path))
    for number, include in enumerate(gone):
        if number == 0 and not has_runtime:
            yield Change(ID, (Edit(include.start, include.end, b"#include <cuda_runtime.h>"),))
        else:
            yield Change(ID, (Edit(*ctx.file.line_span(include.start), b""),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_WORDS), cuda_deprecated_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-runtime-api/",
)  # fmt: skip
