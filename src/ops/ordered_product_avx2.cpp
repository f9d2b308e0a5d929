// Tiles of c stay in registers while k runs: 6 rows of up to 16 columns on 16 registers of 8 floats.
#if defined(__x86_64__)

#include <immintrin.h>

#include "ops/ordered_product_kernels.h"
#include "ops/ordered_product_strip.h"

namespace freeact {
namespace {

constexpr int64_t kLanes = 8, kMostVectors = 2;

struct Strip {
  const float *a, *b;
  float* c;
  int64_t n, k;
  __m256i last;  // lanes of the strip's last vector that exist: their highest bits are set
};

template <int kRows, int kVectors>
void tile(const Strip& s, int64_t row) {
  const float *a = s.a + row * s.k, *b = s.b;
  const int64_t n = s.n, k = s.k;
  const __m256i last = s.last;
  __m256 sum[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_setzero_ps();
  for (int64_t i = 0; i < k; ++i, b += n) {
    __m256 right[kVectors];
    if constexpr (kVectors > 1) right[0] = _mm256_loadu_ps(b);
    right[kVectors - 1] = _mm256_maskload_ps(b + (kVectors - 1) * kLanes, last);
    asm("" : "+x"(right[0]));  // loaded once, not anew for each row
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256 left = _mm256_broadcast_ss(a + r * k + i);
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_fmadd_ps(left, right[v], sum[r][v]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    float* c = s.c + (row + r) * n;
    if constexpr (kVectors > 1) _mm256_storeu_ps(c, sum[r][0]);
    _mm256_maskstore_ps(c + (kVectors - 1) * kLanes, last, sum[r][kVectors - 1]);
  }
}

struct Tiles {
  using Strip = freeact::Strip;
  template <int kVectors>
  static constexpr int kMostRows = 6;
  template <int kRows, int kVectors>
  static void tile(const Strip& s, int64_t row) {
    freeact::tile<kRows, kVectors>(s, row);
  }
};

}  // namespace

void ordered_product_avx2(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (int64_t begin = 0; begin < n; begin += kLanes * kMostVectors) {
    const int64_t columns = n - begin < kLanes * kMostVectors ? n - begin : kLanes * kMostVectors;
    const int64_t of_last = columns > kLanes ? columns - kLanes : columns;
    const Strip s = {a, b + begin, c + begin,
                     n, k,         _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(of_last)), lanes)};
    if (columns > kLanes)
      strip<Tiles, 2>(s, m);
    else
      strip<Tiles, 1>(s, m);
  }
}

}  // namespace freeact

#endif
