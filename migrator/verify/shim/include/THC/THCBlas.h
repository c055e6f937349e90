// Stands in for THC/THCBlas.h where a release no longer has it (1.8 and later). Host functions, declared only.
#pragma once

#include <THC/THCGeneral.h>
#include <cstdint>

#define CUPORT_THC_BLAS(Prefix, T)                                                                                            \
  T THCudaBlas_##Prefix##dot(THCState*, int64_t n, T* x, int64_t incx, T* y, int64_t incy);                                    \
  void THCudaBlas_##Prefix##gemv(THCState*, char trans, int64_t m, int64_t n, T alpha, T* a, int64_t lda, T* x, int64_t incx,  \
                                 T beta, T* y, int64_t incy);                                                                 \
  void THCudaBlas_##Prefix##ger(THCState*, int64_t m, int64_t n, T alpha, T* x, int64_t incx, T* y, int64_t incy, T* a,        \
                                int64_t lda);                                                                                 \
  void THCudaBlas_##Prefix##gemm(THCState*, char transa, char transb, int64_t m, int64_t n, int64_t k, T alpha, T* a,          \
                                 int64_t lda, T* b, int64_t ldb, T beta, T* c, int64_t ldc);                                  \
  void THCudaBlas_##Prefix##gemmBatched(THCState*, char transa, char transb, int64_t m, int64_t n, int64_t k, T alpha,         \
                                        const T* a[], int64_t lda, const T* b[], int64_t ldb, T beta, T* c[], int64_t ldc,    \
                                        int64_t batch);                                                                       \
  void THCudaBlas_##Prefix##gemmStridedBatched(THCState*, char transa, char transb, int64_t m, int64_t n, int64_t k, T alpha, \
                                               const T* a, int64_t lda, int64_t sa, const T* b, int64_t ldb, int64_t sb,      \
                                               T beta, T* c, int64_t ldc, int64_t sc, int64_t batch);

CUPORT_THC_BLAS(S, float)
CUPORT_THC_BLAS(D, double)
#undef CUPORT_THC_BLAS
