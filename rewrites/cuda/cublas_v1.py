"""Report the interface of cuBLAS that has no handle.

``cublas.h`` cannot be included beside ``cublas_v2.h``, which torch's CUDA headers include: the compiler stops with an error.

Before:
    #include <cublas.h>
    void add(int n, float *x, float *y) { cublasSaxpy(n, 2.f, x, 1, y, 1); }
After:
    #include <cublas.h>
    void add(int n, float *x, float *y) { cublasSaxpy(n, 2.f, x, 1, y, 1); }
"""

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite

ID = "cublas-v1"
_SET_UP = {"cublasInit", "cublasShutdown", "cublasAlloc", "cublasFree", "cublasGetError", "cublasSetKernelStream"}


def fix(ctx):
    include = next((i for i in ctx.includes() if i.name == "cublas.h" and ctx.project.local_include(i, ctx.path) is None), None)
    if include is None or ctx.tree.in_disabled(include.start):
        return
    calls = sorted({w.decode() for w in ctx.file.words if w.startswith(b"cublas") and w != b"cublas"} - _SET_UP)
    called = [n for n in ctx.names(calls) if call_of(n) is not None]
    lines = ", ".join(f"{n.text} in line {n.line}" for n in called[:6]) + (" ..." if len(called) > 6 else "")
    advice = (
        "include <cublas_v2.h>, take cublasHandle_t handle = at::cuda::getCurrentCUDABlasHandle(), and give each call the handle first, CUBLAS_OP_N and "
        "CUBLAS_OP_T for 'n' and 't', and &alpha and &beta; a result such as that of cublasSdot becomes a last argument. cublasInit and "
        "cublasShutdown go, cublasAlloc is cudaMalloc"
    )
    yield Finding(
        ID,
        include.start,
        "cublas.h, the interface without a handle, cannot stand beside torch's headers" + (f": {lines}" if lines else ""),
        advice,
    )


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"cublas"}), cuda_deprecated_in="13.0",
    link="https://docs.nvidia.com/cuda/cublas/#new-and-legacy-cublas-api",
)  # fmt: skip
