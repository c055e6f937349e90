"""The small functions that take the place of TH's and THC's BLAS: column-major, with the same argument lists."""

from __future__ import annotations

from migrator.rewrite import Change, Edit
from migrator.syntax import preproc
from migrator.syntax.tree import Node
from rewrites.ffi import _th

_OP = """\
static inline cublasOperation_t cuport_cublas_op(char trans) {
  return trans == 't' || trans == 'T' ? CUBLAS_OP_T : trans == 'c' || trans == 'C' ? CUBLAS_OP_C : CUBLAS_OP_N;
}"""
_INT = """\
static inline int cuport_cublas_int(int64_t value) {
  TORCH_CHECK(value <= INT_MAX, "cuBLAS takes sizes up to ", INT_MAX, ", not ", value);
  return static_cast<int>(value);
}"""
_LD = """\
// The leading dimension of a matrix with one column means nothing, but cuBLAS checks it; THC corrected it as this does.
static inline void cuport_cublas_ld(char transa, char transb, int64_t m, int64_t n, int64_t k, int64_t &lda, int64_t &ldb,
                                    int64_t &ldc) {
  const bool plain_a = cuport_cublas_op(transa) == CUBLAS_OP_N, plain_b = cuport_cublas_op(transb) == CUBLAS_OP_N;
  if ((plain_a ? k : m) == 1) lda = plain_a ? m : k;
  if ((plain_b ? n : k) == 1) ldb = plain_b ? k : n;
  if (n == 1) ldc = m;
}"""
_GEMM = """\
// C = alpha op(A) op(B) + beta C, column-major: what THCudaBlas_{S}gemm did, by the same cuBLAS call.
static inline void cuport_cublas_{s}gemm(char transa, char transb, int64_t m, int64_t n, int64_t k, {T} alpha, const {T} *a,
                                       int64_t lda, const {T} *b, int64_t ldb, {T} beta, {T} *c, int64_t ldc) {{
  cuport_cublas_ld(transa, transb, m, n, k, lda, ldb, ldc);
  TORCH_CUDABLAS_CHECK(cublas{S}gemm(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_op(transa), cuport_cublas_op(transb),
                                   cuport_cublas_int(m), cuport_cublas_int(n), cuport_cublas_int(k), &alpha, a,
                                   cuport_cublas_int(lda), b, cuport_cublas_int(ldb), &beta, c, cuport_cublas_int(ldc)));
}}"""
_GEMM_BATCHED = """\
// The same for a batch of matrices, by arrays of pointers that lie on the GPU: what THCudaBlas_{S}gemmBatched did.
static inline void cuport_cublas_{s}gemm_batched(char transa, char transb, int64_t m, int64_t n, int64_t k, {T} alpha,
                                               const {T} *const *a, int64_t lda, const {T} *const *b, int64_t ldb, {T} beta,
                                               {T} *const *c, int64_t ldc, int64_t batch) {{
  cuport_cublas_ld(transa, transb, m, n, k, lda, ldb, ldc);
  TORCH_CUDABLAS_CHECK(cublas{S}gemmBatched(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_op(transa),
                                          cuport_cublas_op(transb), cuport_cublas_int(m), cuport_cublas_int(n),
                                          cuport_cublas_int(k), &alpha, a, cuport_cublas_int(lda), b, cuport_cublas_int(ldb),
                                          &beta, c, cuport_cublas_int(ldc), cuport_cublas_int(batch)));
}}"""
_GEMM_STRIDED = """\
// The same for a batch of matrices a fixed distance apart: what THCudaBlas_{S}gemmStridedBatched did.
static inline void cuport_cublas_{s}gemm_strided(char transa, char transb, int64_t m, int64_t n, int64_t k, {T} alpha,
                                               const {T} *a, int64_t lda, int64_t stride_a, const {T} *b, int64_t ldb,
                                               int64_t stride_b, {T} beta, {T} *c, int64_t ldc, int64_t stride_c, int64_t batch) {{
  cuport_cublas_ld(transa, transb, m, n, k, lda, ldb, ldc);
  TORCH_CUDABLAS_CHECK(cublas{S}gemmStridedBatched(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_op(transa),
                                                 cuport_cublas_op(transb), cuport_cublas_int(m), cuport_cublas_int(n),
                                                 cuport_cublas_int(k), &alpha, a, cuport_cublas_int(lda), stride_a, b,
                                                 cuport_cublas_int(ldb), stride_b, &beta, c, cuport_cublas_int(ldc), stride_c,
                                                 cuport_cublas_int(batch)));
}}"""
_GEMV = """\
// y = alpha op(A) x + beta y, column-major: what THCudaBlas_{S}gemv did, by the same cuBLAS call.
static inline void cuport_cublas_{s}gemv(char trans, int64_t m, int64_t n, {T} alpha, const {T} *a, int64_t lda, const {T} *x,
                                       int64_t incx, {T} beta, {T} *y, int64_t incy) {{
  if (n == 1) lda = m;
  TORCH_CUDABLAS_CHECK(cublas{S}gemv(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_op(trans), cuport_cublas_int(m),
                                   cuport_cublas_int(n), &alpha, a, cuport_cublas_int(lda), x, cuport_cublas_int(incx), &beta, y,
                                   cuport_cublas_int(incy)));
}}"""
_GER = """\
// A += alpha x y^T, column-major: what THCudaBlas_{S}ger did.
static inline void cuport_cublas_{s}ger(int64_t m, int64_t n, {T} alpha, const {T} *x, int64_t incx, const {T} *y, int64_t incy,
                                      {T} *a, int64_t lda) {{
  if (n == 1) lda = m;
  TORCH_CUDABLAS_CHECK(cublas{S}ger(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_int(m), cuport_cublas_int(n), &alpha, x,
                                  cuport_cublas_int(incx), y, cuport_cublas_int(incy), a, cuport_cublas_int(lda)));
}}"""
_DOT = """\
// The inner product, on the host: what THCudaBlas_{S}dot did.
static inline {T} cuport_cublas_{s}dot(int64_t n, const {T} *x, int64_t incx, const {T} *y, int64_t incy) {{
  {T} result;
  TORCH_CUDABLAS_CHECK(cublas{S}dot(at::cuda::getCurrentCUDABlasHandle(), cuport_cublas_int(n), x,
                                  cuport_cublas_int(n == 1 ? 1 : incx), y, cuport_cublas_int(n == 1 ? 1 : incy), &result));
  return result;
}}"""
_CPU_MATRIX = """\
// op(A) as a tensor: column-major, `ld` elements from one column to the next.
static inline at::Tensor cuport_{w}_matrix(const {T} *a, char trans, int64_t rows, int64_t columns, int64_t ld) {{
  const bool transposed = trans == 't' || trans == 'T' || trans == 'c' || trans == 'C';
  return at::from_blob(const_cast<{T} *>(a), {{rows, columns}}, {{transposed ? ld : 1, transposed ? 1 : ld}}, {K});
}}"""
_CPU_VECTOR = """\
static inline at::Tensor cuport_{w}_vector(const {T} *x, int64_t n, int64_t increment) {{
  return at::from_blob(const_cast<{T} *>(x), {{n}}, {{n == 1 ? 1 : increment}}, {K});
}}"""
_CPU_GEMM = """\
// C = alpha op(A) op(B) + beta C, column-major: what TH{N}Blas_gemm did.
static inline void cuport_{w}_gemm(char transa, char transb, int64_t m, int64_t n, int64_t k, {T} alpha, const {T} *a, int64_t lda,
                                   const {T} *b, int64_t ldb, {T} beta, {T} *c, int64_t ldc) {{
  at::Tensor result = cuport_{w}_matrix(c, 'n', m, n, ldc);
  result.addmm_(cuport_{w}_matrix(a, transa, m, k, lda), cuport_{w}_matrix(b, transb, k, n, ldb), beta, alpha);
}}"""
_CPU_GEMV = """\
// y = alpha op(A) x + beta y, A column-major with m rows: what TH{N}Blas_gemv did.
static inline void cuport_{w}_gemv(char trans, int64_t m, int64_t n, {T} alpha, const {T} *a, int64_t lda, const {T} *x,
                                   int64_t incx, {T} beta, {T} *y, int64_t incy) {{
  const bool plain = trans != 't' && trans != 'T' && trans != 'c' && trans != 'C';
  const int64_t rows = plain ? m : n, columns = plain ? n : m;
  at::Tensor result = cuport_{w}_vector(y, rows, incy);
  result.addmv_(cuport_{w}_matrix(a, trans, rows, columns, lda), cuport_{w}_vector(x, columns, incx), beta, alpha);
}}"""
_CPU_GER = """\
// A += alpha x y^T, column-major: what TH{N}Blas_ger did.
static inline void cuport_{w}_ger(int64_t m, int64_t n, {T} alpha, const {T} *x, int64_t incx, const {T} *y, int64_t incy, {T} *a,
                                  int64_t lda) {{
  cuport_{w}_matrix(a, 'n', m, n, lda).addr_(cuport_{w}_vector(x, m, incx), cuport_{w}_vector(y, n, incy), 1, alpha);
}}"""
_CPU_AXPY = """\
// y += a x: what TH{N}Blas_axpy did.
static inline void cuport_{w}_axpy(int64_t n, {T} a, const {T} *x, int64_t incx, {T} *y, int64_t incy) {{
  cuport_{w}_vector(y, n, incy).add_(cuport_{w}_vector(x, n, incx), a);
}}"""
_CPU_DOT = """\
// The inner product: what TH{N}Blas_dot did.
static inline {T} cuport_{w}_dot(int64_t n, const {T} *x, int64_t incx, const {T} *y, int64_t incy) {{
  return at::dot(cuport_{w}_vector(x, n, incx), cuport_{w}_vector(y, n, incy)).item<{T}>();
}}"""
_CPU_SCAL = """\
// x *= a: what TH{N}Blas_scal did.
static inline void cuport_{w}_scal(int64_t n, {T} a, {T} *x, int64_t incx) {{
  cuport_{w}_vector(x, n, incx).mul_(a);
}}"""
_CPU_COPY = """\
// y = x: what TH{N}Blas_copy did.
static inline void cuport_{w}_copy(int64_t n, const {T} *x, int64_t incx, {T} *y, int64_t incy) {{
  cuport_{w}_vector(y, n, incy).copy_(cuport_{w}_vector(x, n, incx));
}}"""

CUDA = {  # THCudaBlas_<old> -> (new name, arguments without the state, what it needs, definition)
    "gemm": ("gemm", 13, ("op", "int", "ld"), _GEMM),
    "gemmBatched": ("gemm_batched", 14, ("op", "int", "ld"), _GEMM_BATCHED),
    "gemmStridedBatched": ("gemm_strided", 17, ("op", "int", "ld"), _GEMM_STRIDED),
    "gemv": ("gemv", 11, ("op", "int"), _GEMV),
    "ger": ("ger", 9, ("int",), _GER),
    "dot": ("dot", 5, ("int",), _DOT),
}
CPU = {
    "gemm": (13, ("matrix",), _CPU_GEMM),
    "gemv": (11, ("matrix", "vector"), _CPU_GEMV),
    "ger": (9, ("matrix", "vector"), _CPU_GER),
    "axpy": (6, ("vector",), _CPU_AXPY),
    "dot": (5, ("vector",), _CPU_DOT),
    "scal": (4, ("vector",), _CPU_SCAL),
    "copy": (5, ("vector",), _CPU_COPY),
}
_NEEDS = {"op": ("cuport_cublas_op", _OP), "int": ("cuport_cublas_int", _INT), "ld": ("cuport_cublas_ld", _LD)}
_CPU_NEEDS = {"matrix": _CPU_MATRIX, "vector": _CPU_VECTOR}


def cuda_name(letter: str, function: str) -> str:
    return f"cuport_cublas_{letter.lower()}{CUDA[function][0]}"


def cuda_definitions(names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(name, definition) of what the functions ``(letter, function)`` need, in an order that compiles."""
    result: dict[str, str] = {}
    for letter, function in names:
        new, _, needs, text = CUDA[function]
        for need in needs:
            result.setdefault(*_NEEDS[need])
        result[f"cuport_cublas_{letter.lower()}{new}"] = text.format(S=letter, s=letter.lower(), T={"S": "float", "D": "double"}[letter])
    order = {name: i for i, (name, _) in enumerate(_NEEDS.values())}
    return sorted(result.items(), key=lambda item: order.get(item[0], len(order)))


def cpu_name(word: str, function: str) -> str:
    return f"cuport_{word}_{function}"


def cpu_definitions(names: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same for the functions ``(type in TH's names, function)`` of the CPU."""
    helpers: dict[str, str] = {}
    result: dict[str, str] = {}
    for th, function in names:
        cpp, scalar, word = _th.ELEMENTS[th]
        _, needs, text = CPU[function]
        for need in needs:
            helpers.setdefault(cpu_name(word, need), _CPU_NEEDS[need].format(T=cpp, K=scalar, w=word))
        result[cpu_name(word, function)] = text.format(N=th, T=cpp, w=word)
    return list((helpers | result).items())


def place(ctx) -> int:
    """Where helper functions go: below the last ``#include`` that every compiler reads, and what follows it on its line."""
    data = ctx.file.data
    arms = [a for a in preproc.arms(data)] if b"#" in data else []
    from migrator.includes import _guard

    guard = _guard(ctx.file, arms)
    first = _first_code(ctx)
    position = 0
    for include in ctx.includes():
        arm = [a for a in arms if a.start <= include.start < a.end and a != guard]
        if first is not None and include.start > first:
            break
        if arm:
            # after the #endif of the whole conditional
            end = max(a.end for a in arms if a.opened_at == arm[0].opened_at)
            position = max(position, ctx.file.line_span(min(end, len(data) - 1))[1])
        else:
            position = max(position, ctx.file.line_span(include.start)[1])
    return position


def _first_code(ctx) -> int | None:
    """Where the first function or namespace of a file starts."""
    for node in ctx.tree.root.walk():
        if node.kind in ("function_definition", "namespace_definition", "template_declaration", "class_specifier"):
            return node.start
    return None


def missing(ctx, names: list[str]) -> list[str]:
    """Those of the helpers' names that neither the file nor a header of the project that it includes defines."""
    result = []
    for name in names:
        paths = {d.tree.file.path for d in ctx.project.functions(name) if _is_definition(d)}
        here = [p for p in ctx.project.with_word(name) if ctx.project.files[p].path in paths]
        if not any(p == ctx.path or ctx.path in ctx.project.includers(p) for p in here):
            result.append(name)
    return result


def _is_definition(declarator: Node) -> bool:
    owner = declarator.parent
    return owner is not None and owner.kind == "function_definition"


def insertion(ctx, rule: str, texts: list[str]):
    """The change that puts helper functions into the file."""
    newline = ctx.file.newline
    position = place(ctx)
    data = ctx.file.data
    body = newline + newline.join(t.replace("\n", newline.decode()).encode() + newline for t in texts)
    if data[position : position + 2].strip(b"\r")[:1] != b"\n" and data[position : position + 1] != b"\n":
        body += newline
    return Change(rule, (Edit(position, position, body),))
