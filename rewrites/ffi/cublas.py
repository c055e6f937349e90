"""Call cuBLAS instead of ``THCudaBlas_*``.

``THC/THCBlas.h`` was removed in torch 1.8. ``at::cuda::blas::gemm`` is no successor: it compiles and no wheel exports it. The call that
THC made is written out in a small function of the file: column-major as before, on the current handle and stream.

Before:
    #include <ATen/cuda/CUDAContext.h>
    void f(float *x, const float *ones, float *y, long m, long n) {
      THCudaBlas_Sgemv(state, 't', m, n, 1.0f, x, m, ones, 1, 1.0f, y, 1);
    }
After:
    #include <ATen/cuda/CUDAContext.h>

    static inline cublasOperation_t cuport_cublas_op(char trans) {
      return trans == 't' || trans == 'T' ? CUBLAS_OP_T : trans == 'c' || trans == 'C' ? CUBLAS_OP_C : CUBLAS_OP_N;
    }

    static inline int cuport_cublas_int(int64_t value) {
      TORCH_CHECK(value <= INT_MAX, "cuBLAS takes sizes up to ", INT_MAX, ", not ", value);
      return static_cast<int>(value);
    }

    // y = alpha op(A) x + beta y, column-major: what THCudaBlas_Sgemv did, by the same cuBLAS call.
    static inline void cuport_cublas_sgemv(char trans, int64_t m, int64_t n, float alpha, const float *a, int64_t lda, const float *x,
                                           int64_t incx, float beta, float *y, int64_t incy) {
      if (n == 1) lda = m;
      TORCH_CUDABLAS_CHECK(cublasSgemv(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_op(trans), cuport_cublas_int(m),
                                       cuport_cublas_int(n), &alpha, a, cuport_cublas_int(lda), x, cuport_cublas_int(incx), &beta, y,
                                       cuport_cublas_int(incy)));
    }

    void f(float *x, const float *ones, float *y, long m, long n) {
      cuport_cublas_sgemv('t', m, n, 1.0f, x, m, ones, 1, 1.0f, y, 1);
    }
"""

from migrator.calls import call_of, remove_item
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.ffi import _blas

ID = "ffi-cublas"
_INCLUDES = ("ATen/cuda/CUDAContext.h", "climits")
_OLD = {f"THCudaBlas_{letter}{function}": (letter, function) for letter in "SD" for function in _blas.CUDA}
_NEW = {_blas.cuda_name(letter, function): (letter, function) for letter, function in _OLD.values()}


def fix(ctx):
    for name in ctx.names(_OLD):
        letter, function = _OLD[name.text]
        if ctx.project.has_function(name.text) or ctx.project.macros(name.text):
            continue
        call = call_of(name)
        arguments = _blas.CUDA[function][1]
        if call is None or len(call.args) != arguments + 1:
            yield Finding(
                ID,
                name.start,
                f"{name.text} with an argument list that cuport does not know",
                f"call cublas{letter}{function} on at::cuda::getCurrentCUDABlasHandle()",
            )
            continue
        new = _blas.cuda_name(letter, function)
        yield Change(ID, (Edit(name.start, name.end, new.encode()), remove_item(call.args[0])), _INCLUDES)
    used = list(dict.fromkeys(_NEW[name.text] for name in ctx.names(_NEW) if call_of(name) is not None))
    if used:
        definitions = dict(_blas.cuda_definitions(used))
        texts = [definitions[name] for name in _blas.missing(ctx, list(definitions))]
        if texts:
            yield _blas.insertion(ctx, ID, texts)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset(_OLD) | frozenset(_NEW),
    removed_in="1.8",
)
