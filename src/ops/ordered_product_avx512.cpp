// Tiles of c stay in registers while k runs: 6 rows of 64 columns, or 8 of up to 48, on 32 registers of 16 floats.
#if defined(__x86_64__)

#include <immintrin.h>

#include "ops/ordered_product_kernels.h"
#include "ops/ordered_product_strip.h"

namespace freeact {
namespace {

constexpr int64_t kLanes = 16;
constexpr int64_t kMostVectors = 4;

struct Strip {
  const float *a, *b;
  float* c;
  int64_t n, k;
  __mmask16 last;  // lanes of the strip's last vector that exist
};

template <int kRows, int kVectors>
void tile(const Strip& s, int64_t row) {
  const float *a = s.a + row * s.k, *b = s.b;
  const int64_t n = s.n, k = s.k;
  const __mmask16 last = s.last;
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_setzero_ps();
  for (int64_t i = 0; i < k; ++i, b += n) {
    __m512 right[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v + 1 < kVectors; ++v) right[v] = _mm512_loadu_ps(b + v * kLanes);
    right[kVectors - 1] = _mm512_maskz_loadu_ps(last, b + (kVectors - 1) * kLanes);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) asm("" : "+v"(right[v]));  // loaded once, not anew for each row
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const __m512 left = _mm512_set1_ps(a[r * k + i]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_fmadd_ps(left, right[v], sum[r][v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    float* c = s.c + (row + r) * n;
#pragma GCC unroll 4
    for (int v = 0; v + 1 < kVectors; ++v) _mm512_storeu_ps(c + v * kLanes, sum[r][v]);
    _mm512_mask_storeu_ps(c + (kVectors - 1) * kLanes, last, sum[r][kVectors - 1]);
  }
}

struct Tiles {
  using Strip = freeact::Strip;
  template <int kVectors>
  static constexpr int kMostRows = kVectors == kMostVectors ? 6 : 8;
  template <int kRows, int kVectors>
  static void tile(const Strip& s, int64_t row) {
    freeact::tile<kRows, kVectors>(s, row);
  }
};

}  // namespace

void ordered_product_avx512(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k) {
  static constexpr void (*kStrips[])(const Strip&, int64_t) = {strip<Tiles, 1>, strip<Tiles, 2>, strip<Tiles, 3>,
                                                               strip<Tiles, 4>};
  // Strips as even as they can be: 6 vectors are 3 and 3 rather than 4 and 2.
  const int64_t vectors = (n + kLanes - 1) / kLanes, strips = (vectors + kMostVectors - 1) / kMostVectors;
  int64_t begin = 0;
  for (int64_t i = 0; i < strips; ++i) {
    const int64_t end = vectors * (i + 1) / strips;
    const int64_t left_over = end * kLanes > n ? end * kLanes - n : 0;
    const Strip s = {a, b + begin * kLanes, c + begin * kLanes, n, k, static_cast<__mmask16>(0xffff >> left_over)};
    kStrips[end - begin - 1](s, m);
    begin = end;
  }
}

}  // namespace freeact

#endif
