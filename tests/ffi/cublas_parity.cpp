#include "cublas_stub.h"

#include "generated.h"

template <typename T, typename F> auto batched(F f) {
  return [f](char ta, char tb, int64_t m, int64_t n, int64_t k, T alpha, const T *a, int64_t lda, const T *b, int64_t ldb, T beta, T *c, int64_t ldc) {
    const T *as[] = {a}, *bs[] = {b};
    T *cs[] = {c};
    f(ta, tb, m, n, k, alpha, as, lda, bs, ldb, beta, cs, ldc, 1);
  };
}
template <typename T, typename F> auto strided(F f) {
  return [f](char ta, char tb, int64_t m, int64_t n, int64_t k, T alpha, const T *a, int64_t lda, const T *b, int64_t ldb, T beta, T *c, int64_t ldc) {
    f(ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
  };
}

int main() {
  check_gemm<float>("sgemm", cuport_cublas_sgemm, 1e-5);
  check_gemm<double>("dgemm", cuport_cublas_dgemm, 1e-12);
  check_gemm<float>("sgemm_batched", batched<float>(cuport_cublas_sgemm_batched), 1e-5);
  check_gemm<double>("dgemm_batched", batched<double>(cuport_cublas_dgemm_batched), 1e-12);
  check_gemm<float>("sgemm_strided", strided<float>(cuport_cublas_sgemm_strided), 1e-5);
  check_gemm<double>("dgemm_strided", strided<double>(cuport_cublas_dgemm_strided), 1e-12);
  check_gemv<float>("sgemv", cuport_cublas_sgemv, 1e-5);
  check_gemv<double>("dgemv", cuport_cublas_dgemv, 1e-12);
  check_ger<float>("sger", cuport_cublas_sger, 1e-5);
  check_ger<double>("dger", cuport_cublas_dger, 1e-12);
  check_dot<float>("sdot", cuport_cublas_sdot, 1e-5);
  check_dot<double>("ddot", cuport_cublas_ddot, 1e-12);
  // the leading dimensions that callers passed for matrices of one row or column, and THC corrected
  float one[4] = {1, 2, 3, 4}, other[1] = {2}, other_two[2] = {2, 3}, out[4] = {0, 0, 0, 0};
  cuport_cublas_sgemm('t', 'n', 4, 1, 1, 1.0f, one, 1, other, 1, 0.0f, out, 1);
  compare("leading dimensions", std::vector<float>(out, out + 4), {2, 4, 6, 8}, 1e-6);
  float pair[8] = {};
  cuport_cublas_sgemm('n', 't', 4, 2, 1, 1.0f, one, 1, other_two, 1, 0.0f, pair, 4);
  compare("lda and ldb where k is 1", std::vector<float>(pair, pair + 8), {2, 4, 6, 8, 3, 6, 9, 12}, 1e-6);
  float dot = 0;
  cuport_cublas_sgemm('t', 'n', 1, 1, 4, 1.0f, one, 1, one, 1, 0.0f, &dot, 1);
  compare("lda and ldb where m and n are 1", std::vector<float>{dot}, {30}, 1e-6);
  return failures != 0;
}
