// cuBLAS as plain loops on the host: enough to see what the generated functions ask it for.
#include <climits>

#include "blas_reference.h"

enum cublasOperation_t { CUBLAS_OP_N, CUBLAS_OP_T, CUBLAS_OP_C };
using cublasHandle_t = int;
namespace at::cuda { inline cublasHandle_t getCurrentCUDABlasHandle() { return 7; } }
#define TORCH_CHECK(condition, ...) do { if (!(condition)) { std::puts("TORCH_CHECK"); std::exit(3); } } while (0)
#define TORCH_CUDABLAS_CHECK(call) do { if ((call) != 0) { std::puts(#call); failures++; } } while (0)

// cuBLAS refuses a leading dimension that is too small
template <typename T>
int gemm_(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const T *alpha, const T *a, int lda, const T *b,
          int ldb, const T *beta, T *c, int ldc) {
  if (h != 7 || lda < (ta == CUBLAS_OP_N ? m : k) || ldb < (tb == CUBLAS_OP_N ? k : n) || ldc < m) return 7;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      T sum = 0;
      for (int l = 0; l < k; l++) sum += (ta == CUBLAS_OP_N ? a[i + l * lda] : a[l + i * lda]) * (tb == CUBLAS_OP_N ? b[l + j * ldb] : b[j + l * ldb]);
      c[i + j * ldc] = *alpha * sum + (*beta == 0 ? T(0) : *beta * c[i + j * ldc]);
    }
  return 0;
}
template <typename T>
int batched_(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const T *alpha, const T *const a[], int lda,
             const T *const b[], int ldb, const T *beta, T *const c[], int ldc, int batch) {
  int worst = 0;
  for (int i = 0; i < batch; i++) worst |= gemm_(h, ta, tb, m, n, k, alpha, a[i], lda, b[i], ldb, beta, c[i], ldc);
  return worst;
}
template <typename T>
int strided_(cublasHandle_t h, cublasOperation_t ta, cublasOperation_t tb, int m, int n, int k, const T *alpha, const T *a, int lda, long long sa,
             const T *b, int ldb, long long sb, const T *beta, T *c, int ldc, long long sc, int batch) {
  int worst = 0;
  for (int i = 0; i < batch; i++) worst |= gemm_(h, ta, tb, m, n, k, alpha, a + i * sa, lda, b + i * sb, ldb, beta, c + i * sc, ldc);
  return worst;
}
template <typename T>
int gemv_(cublasHandle_t h, cublasOperation_t t, int m, int n, const T *alpha, const T *a, int lda, const T *x, int incx, const T *beta, T *y, int incy) {
  if (h != 7 || lda < m) return 7;
  for (int i = 0; i < (t == CUBLAS_OP_N ? m : n); i++) {
    T sum = 0;
    for (int j = 0; j < (t == CUBLAS_OP_N ? n : m); j++) sum += (t == CUBLAS_OP_N ? a[i + j * lda] : a[j + i * lda]) * x[j * incx];
    y[i * incy] = *alpha * sum + (*beta == 0 ? T(0) : *beta * y[i * incy]);
  }
  return 0;
}
template <typename T> int ger_(cublasHandle_t h, int m, int n, const T *alpha, const T *x, int incx, const T *y, int incy, T *a, int lda) {
  if (h != 7 || lda < m) return 7;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) a[i + j * lda] += *alpha * x[i * incx] * y[j * incy];
  return 0;
}
template <typename T> int dot_(cublasHandle_t h, int n, const T *x, int incx, const T *y, int incy, T *result) {
  *result = 0;
  for (int i = 0; i < n; i++) *result += x[i * incx] * y[i * incy];
  return h == 7 ? 0 : 7;
}
#define cublasSgemm gemm_<float>
#define cublasDgemm gemm_<double>
#define cublasSgemmBatched batched_<float>
#define cublasDgemmBatched batched_<double>
#define cublasSgemmStridedBatched strided_<float>
#define cublasDgemmStridedBatched strided_<double>
#define cublasSgemv gemv_<float>
#define cublasDgemv gemv_<double>
#define cublasSger ger_<float>
#define cublasDger ger_<double>
#define cublasSdot dot_<float>
#define cublasDdot dot_<double>
