#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel/cpu/row_codes.h"

namespace freeact {
namespace {

constexpr int64_t kLanes = 8;
constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

__m256i first_lanes(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count < kLanes ? count : kLanes)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

RowRange range(const float* x, int64_t n) {
  const __m256 zero = _mm256_setzero_ps();
  __m256 low = zero, high = zero;
  __m256 strange = zero;  // times 0, infinities and NaN are NaN, and stay it in a sum
  for (int64_t i = 0; i < n; i += kLanes) {
    const __m256 v = _mm256_maskload_ps(x + i, first_lanes(n - i));
    low = _mm256_min_ps(low, v);
    high = _mm256_max_ps(high, v);
    strange = _mm256_fmadd_ps(v, zero, strange);
  }
  alignas(32) float lows[kLanes], highs[kLanes];
  _mm256_store_ps(lows, low);
  _mm256_store_ps(highs, high);
  RowRange r = {0, 0, _mm256_movemask_ps(_mm256_cmp_ps(strange, strange, _CMP_UNORD_Q)) == 0};
  for (int64_t i = 0; i < kLanes; ++i) {
    r.low = lows[i] < r.low ? lows[i] : r.low;
    r.high = highs[i] > r.high ? highs[i] : r.high;
  }
  return r;
}

int32_t codes(const float* x, int64_t n, const RowGrid& g, int8_t* out) {
  const __m256 scale = _mm256_set1_ps(g.scale), zero = _mm256_set1_ps(g.zero), lowest = _mm256_set1_ps(g.lowest),
               highest = _mm256_set1_ps(g.highest);
  const __m256i shift = _mm256_set1_epi32(g.shift);
  alignas(32) int32_t block[kLanes];
  __m256i sums = _mm256_setzero_si256();
  for (int64_t i = 0; i < n; i += kLanes) {
    const __m256i lanes = first_lanes(n - i);
    const __m256 quotient = _mm256_div_ps(_mm256_maskload_ps(x + i, lanes), scale);
    const __m256 rounded = _mm256_add_ps(_mm256_round_ps(quotient, kNearest), zero);
    const __m256 clamped = _mm256_min_ps(_mm256_max_ps(rounded, lowest), highest);
    const __m256i code = _mm256_sub_epi32(_mm256_cvtps_epi32(clamped), shift);
    sums = _mm256_add_epi32(sums, _mm256_and_si256(code, lanes));
    if (i + kLanes <= n) {
      const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i), _mm_packs_epi16(words, words));
    } else {
      _mm256_store_si256(reinterpret_cast<__m256i*>(block), code);
      for (int64_t j = i; j < n; ++j) out[j] = static_cast<int8_t>(block[j - i]);
    }
  }
  _mm256_store_si256(reinterpret_cast<__m256i*>(block), sums);
  int32_t sum = 0;
  for (int64_t i = 0; i < kLanes; ++i) sum += block[i];
  return sum;
}

}  // namespace

RowKernels row_kernels_avx2() {
  return {range, codes};
}

}  // namespace freeact

#endif
