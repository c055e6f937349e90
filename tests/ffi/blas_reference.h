// A float64 reference of the column-major BLAS that TH and THC had, and checks of the functions that take its place.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

static int failures = 0;

static double value(int64_t i, int salt) { return std::sin(0.7 * i + salt) + 0.01 * salt; }

template <typename T> std::vector<T> filled(int64_t n, int salt) {
  std::vector<T> v(n);
  for (int64_t i = 0; i < n; i++) v[i] = static_cast<T>(value(i, salt));
  return v;
}

// op(A)(i, j) of a column-major matrix
template <typename T> double at_(const std::vector<T> &a, char trans, int64_t ld, int64_t i, int64_t j) {
  return trans == 'n' ? a[i + j * ld] : a[j + i * ld];
}

template <typename T> void compare(const char *what, const std::vector<T> &got, const std::vector<double> &want, double tolerance) {
  for (size_t i = 0; i < got.size(); i++)
    if (!(std::fabs(got[i] - want[i]) <= tolerance * (1 + std::fabs(want[i])))) {
      std::printf("%s: element %zu is %.9g, not %.9g\n", what, i, double(got[i]), want[i]);
      failures++;
      return;
    }
}

template <typename T> std::vector<double> wide(const std::vector<T> &v) { return std::vector<double>(v.begin(), v.end()); }

template <typename T, typename F> void check_gemm(const char *name, F gemm, double tolerance) {
  const int64_t sizes[][3] = {{3, 4, 5}, {7, 1, 2}, {1, 6, 3}, {5, 4, 1}, {1, 1, 1}, {8, 2, 9}, {2, 9, 4}};
  for (auto &s : sizes)
    for (char ta : {'n', 't'})
      for (char tb : {'n', 't'})
        for (int64_t pad : {0, 3})
          for (double beta : {0.0, 1.0, -0.5}) {
            const int64_t m = s[0], n = s[1], k = s[2];
            const int64_t lda = (ta == 'n' ? m : k) + pad, ldb = (tb == 'n' ? k : n) + pad, ldc = m + pad;
            auto a = filled<T>(lda * (ta == 'n' ? k : m), 1), b = filled<T>(ldb * (tb == 'n' ? n : k), 2), c = filled<T>(ldc * n, 3);
            auto want = wide(c);
            for (int64_t i = 0; i < m; i++)
              for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t l = 0; l < k; l++) sum += at_(a, ta, lda, i, l) * at_(b, tb, ldb, l, j);
                want[i + j * ldc] = 1.5 * sum + beta * want[i + j * ldc];
              }
            if (beta == 0)  // what was there does not count, not even a NaN
              for (int64_t i = 0; i < m; i++)
                for (int64_t j = 0; j < n; j++) c[i + j * ldc] = static_cast<T>(NAN);
            gemm(ta, tb, m, n, k, T(1.5), a.data(), lda, b.data(), ldb, T(beta), c.data(), ldc);
            compare(name, c, want, tolerance);
          }
}

template <typename T, typename F> void check_gemv(const char *name, F gemv, double tolerance) {
  const int64_t sizes[][2] = {{3, 4}, {6, 1}, {1, 5}, {9, 7}};
  for (auto &s : sizes)
    for (char trans : {'n', 't'})
      for (int64_t inc : {1, 2})
        for (double beta : {0.0, 1.0}) {
          const int64_t m = s[0], n = s[1], lda = m + 2;
          const int64_t rows = trans == 'n' ? m : n, columns = trans == 'n' ? n : m;
          auto a = filled<T>(lda * n, 1), x = filled<T>(columns * inc, 2), y = filled<T>(rows * inc, 3);
          auto want = wide(y);
          for (int64_t i = 0; i < rows; i++) {
            double sum = 0;
            for (int64_t j = 0; j < columns; j++) sum += at_(a, trans, lda, i, j) * x[j * inc];
            want[i * inc] = 0.5 * sum + beta * want[i * inc];
          }
          gemv(trans, m, n, T(0.5), a.data(), lda, x.data(), inc, T(beta), y.data(), inc);
          compare(name, y, want, tolerance);
        }
}

template <typename T, typename F> void check_ger(const char *name, F ger, double tolerance) {
  const int64_t m = 4, n = 3, lda = 6;
  auto x = filled<T>(m * 2, 1), y = filled<T>(n, 2), a = filled<T>(lda * n, 3);
  auto want = wide(a);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) want[i + j * lda] += 2.0 * x[i * 2] * y[j];
  ger(m, n, T(2), x.data(), 2, y.data(), 1, a.data(), lda);
  compare(name, a, want, tolerance);
}

template <typename T, typename F> void check_dot(const char *name, F dot, double tolerance) {
  auto x = filled<T>(20, 1), y = filled<T>(10, 2);
  double want = 0;
  for (int i = 0; i < 10; i++) want += double(x[2 * i]) * y[i];
  compare(name, std::vector<T>{dot(10, x.data(), 2, y.data(), 1)}, {want}, tolerance);
}
