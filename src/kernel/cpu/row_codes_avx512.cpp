#if defined(__x86_64__)

#if defined(__GNUC__) && !defined(__clang__)  // GCC 12 raises them falsely on its own intrinsics (GCC bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "kernel/cpu/row_codes.h"

namespace freeact {
namespace {

constexpr int64_t kLanes = 16;
constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

__mmask16 first_lanes(int64_t count) {
  return static_cast<__mmask16>(count >= kLanes ? 0xffff : (1u << count) - 1);
}

RowRange range(const float* x, int64_t n) {
  constexpr int kChains = 4;
  const __m512 zero = _mm512_setzero_ps();
  __m512 low[kChains] = {zero, zero, zero, zero}, high[kChains] = {zero, zero, zero, zero};
  // Times 0, infinities and NaN are NaN, and stay it in a sum.
  __m512 strange[kChains] = {zero, zero, zero, zero};
  const auto add = [&](int chain, __m512 v) {
    low[chain] = _mm512_min_ps(low[chain], v);
    high[chain] = _mm512_max_ps(high[chain], v);
    strange[chain] = _mm512_fmadd_ps(v, zero, strange[chain]);
  };
  int64_t i = 0;
  for (; i + kChains * kLanes <= n; i += kChains * kLanes) {
#pragma GCC unroll 4
    for (int c = 0; c < kChains; ++c) add(c, _mm512_loadu_ps(x + i + c * kLanes));
  }
  for (; i < n; i += kLanes) add(0, _mm512_maskz_loadu_ps(first_lanes(n - i), x + i));
  for (int c = 1; c < kChains; ++c) {
    low[0] = _mm512_min_ps(low[0], low[c]);
    high[0] = _mm512_max_ps(high[0], high[c]);
    strange[0] = _mm512_add_ps(strange[0], strange[c]);
  }
  const bool finite = _mm512_cmp_ps_mask(strange[0], strange[0], _CMP_UNORD_Q) == 0;
  return {_mm512_reduce_min_ps(low[0]), _mm512_reduce_max_ps(high[0]), finite};
}

// Divisions are slow, and a product with the reciprocal differs from the quotient in its last bits alone. Rounded, the
// two can differ only near the middle between two codes, so that only there divisions are needed. Far outside the grid,
// where they can be further apart, both are clamped.
class Rounding {
 public:
  explicit Rounding(const RowGrid& g)
      : scale_(_mm512_set1_ps(g.scale)),
        reciprocal_(_mm512_set1_ps(1.0f / g.scale)),
        zero_(_mm512_set1_ps(g.zero)),
        lowest_(_mm512_set1_ps(g.lowest)),
        highest_(_mm512_set1_ps(g.highest)),
        shift_(_mm512_set1_epi32(g.shift)) {}

  __m512i codes(__m512 x) const {
    const __m512 quotient = _mm512_mul_ps(x, reciprocal_);
    __m512 rounded = _mm512_roundscale_ps(quotient, kNearest);
    const __m512 distance = _mm512_abs_ps(_mm512_sub_ps(quotient, rounded));
    // Also where the reciprocal overflowed and the quotient is NaN.
    const __mmask16 near_middle = _mm512_cmp_ps_mask(distance, _mm512_set1_ps(kClear), _CMP_NLE_UQ);
    if (near_middle != 0) rounded = _mm512_roundscale_ps(_mm512_div_ps(x, scale_), kNearest);
    const __m512 code = _mm512_min_ps(_mm512_max_ps(_mm512_add_ps(rounded, zero_), lowest_), highest_);
    return _mm512_sub_epi32(_mm512_cvtps_epi32(code), shift_);
  }

 private:
  // Up to 2^9, twice the widest grid, the two differ by less than 2^9 * 3 * 2^-24 < 2^-13.
  static constexpr float kClear = 0.5f - 0x1p-13f;
  __m512 scale_, reciprocal_, zero_, lowest_, highest_;
  __m512i shift_;
};

int32_t codes(const float* x, int64_t n, const RowGrid& grid, int8_t* out) {
  const Rounding rounding(grid);
  __m512i sum = _mm512_setzero_si512();
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const __m512i code = rounding.codes(_mm512_loadu_ps(x + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm512_cvtepi32_epi8(code));
    sum = _mm512_add_epi32(sum, code);
  }
  if (i < n) {
    const __mmask16 lanes = first_lanes(n - i);
    const __m512i code = rounding.codes(_mm512_maskz_loadu_ps(lanes, x + i));
    _mm512_mask_cvtepi32_storeu_epi8(out + i, lanes, code);
    sum = _mm512_mask_add_epi32(sum, lanes, sum, code);
  }
  return _mm512_reduce_add_epi32(sum);
}

}  // namespace

RowKernels row_kernels_avx512() {
  return {range, codes};
}

}  // namespace freeact

#endif
