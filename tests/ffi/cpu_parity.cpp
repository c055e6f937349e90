#include <ATen/ATen.h>

#include "blas_reference.h"
#include "generated.h"

int main() {
  check_gemm<float>("float gemm", cuport_float_gemm, 1e-5);
  check_gemm<double>("double gemm", cuport_double_gemm, 1e-12);
  check_gemv<float>("float gemv", cuport_float_gemv, 1e-5);
  check_gemv<double>("double gemv", cuport_double_gemv, 1e-12);
  check_ger<float>("float ger", cuport_float_ger, 1e-5);
  check_ger<double>("double ger", cuport_double_ger, 1e-12);
  check_dot<float>("float dot", cuport_float_dot, 1e-5);
  check_dot<double>("double dot", cuport_double_dot, 1e-12);
  auto x = filled<float>(6, 1), y = filled<float>(12, 2);
  auto want = wide(y);
  for (int i = 0; i < 6; i++) want[2 * i] += 3.0 * x[i];
  cuport_float_axpy(6, 3.0f, x.data(), 1, y.data(), 2);
  compare("float axpy", y, want, 1e-6);
  for (int i = 0; i < 6; i++) want[2 * i] *= 0.5;
  cuport_float_scal(6, 0.5f, y.data(), 2);
  compare("float scal", y, want, 1e-6);
  for (int i = 0; i < 6; i++) want[2 * i] = x[i];
  cuport_float_copy(6, x.data(), 1, y.data(), 2);
  compare("float copy", y, want, 0);
  return failures != 0;
}
