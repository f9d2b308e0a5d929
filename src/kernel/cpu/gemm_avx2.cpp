// Integer products with AVX2. 4-bit codes: VPMADDUBSW, whose pairs of products (at most 2 * 15 * 128) cannot saturate,
// nor can 8 of them added up in 16 bits. Wider codes could, so they are widened to 16 bits first: VPMADDWD.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel/cpu/gemm_kernels.h"
#include "kernel/cpu/gemm_panel.h"

namespace freeact {
namespace {

constexpr int kVectors = 2;  // of 8 outputs: what a strip of a tile takes at once
constexpr int64_t kVectorBytes = 32, kGroupBytes = kPanel * kGroup, kStripOutputs = kVectors * 8;
constexpr int64_t kGroupsIn16Bits = 8;
constexpr int kWideRows = 3;  // of wider codes fit the 16 registers

__m256i* vector_of(int32_t* sums, int row, int v) {
  return reinterpret_cast<__m256i*>(sums + row * kPanel) + v;
}

__m256i load(const uint8_t* bytes) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}

__m256i broadcast(const int8_t* codes) {
  int32_t four;
  __builtin_memcpy(&four, codes, sizeof four);
  return _mm256_set1_epi32(four);
}

// sums += up to kGroupsIn16Bits groups of 4-bit codes.
template <int kRows>
void add_narrow(const int8_t* codes, int64_t stride, const uint8_t* weights, int64_t groups, int32_t* sums) {
  __m256i in16[kRows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) in16[r][v] = _mm256_setzero_si256();
  for (int64_t group = 0; group < groups; ++group, weights += kGroupBytes, codes += kGroup) {
    const __m256i first = load(weights), second = load(weights + kVectorBytes);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256i four = broadcast(codes + r * stride);
      in16[r][0] = _mm256_add_epi16(in16[r][0], _mm256_maddubs_epi16(first, four));
      in16[r][1] = _mm256_add_epi16(in16[r][1], _mm256_maddubs_epi16(second, four));
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      __m256i* sum = vector_of(sums, r, v);
      const __m256i pairs = _mm256_madd_epi16(in16[r][v], _mm256_set1_epi16(1));
      _mm256_store_si256(sum, _mm256_add_epi32(_mm256_load_si256(sum), pairs));
    }
}

// Two bytes of four as 16-bit numbers: those at even places, and those at odd ones.
struct EvenOdd {
  __m256i even, odd;
};
EvenOdd split_unsigned(__m256i bytes) {
  return {_mm256_and_si256(bytes, _mm256_set1_epi16(255)), _mm256_srli_epi16(bytes, 8)};
}
EvenOdd split_signed(__m256i bytes) {
  return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
}

__m256i dot(const EvenOdd& a, const EvenOdd& b) {
  return _mm256_add_epi32(_mm256_madd_epi16(a.even, b.even), _mm256_madd_epi16(a.odd, b.odd));
}

// sums += groups of codes of up to 8 bits.
template <int kRows>
void add_wide(const int8_t* codes, int64_t stride, const uint8_t* weights, int64_t groups, int32_t* sums) {
  __m256i total[kRows][kVectors];
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) total[r][v] = _mm256_load_si256(vector_of(sums, r, v));
  for (int64_t group = 0; group < groups; ++group, weights += kGroupBytes, codes += kGroup) {
    const EvenOdd first = split_unsigned(load(weights)), second = split_unsigned(load(weights + kVectorBytes));
#pragma GCC unroll 3
    for (int r = 0; r < kRows; ++r) {
      const EvenOdd four = split_signed(broadcast(codes + r * stride));
      total[r][0] = _mm256_add_epi32(total[r][0], dot(first, four));
      total[r][1] = _mm256_add_epi32(total[r][1], dot(second, four));
    }
  }
#pragma GCC unroll 3
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) _mm256_store_si256(vector_of(sums, r, v), total[r][v]);
}

template <int kBits, int kRows>
void tile(const TileBlock& b) {
  const int64_t groups = 2 * b.pairs;
  for (int64_t strip = 0; strip < kPanel / kStripOutputs; ++strip) {
    const uint8_t* weights = b.weights + strip * kStripOutputs * kGroup;
    int32_t* sums = b.sums + strip * kStripOutputs;
    if constexpr (kBits == 4) {
      for (int64_t group = 0; group < groups; group += kGroupsIn16Bits)
        add_narrow<kRows>(b.codes + group * kGroup, b.row_stride, weights + group * kGroupBytes,
                          smaller(kGroupsIn16Bits, groups - group), sums);
    } else {
      constexpr int kFirst = kRows < kWideRows ? kRows : kWideRows;
      add_wide<kFirst>(b.codes, b.row_stride, weights, groups, sums);
      if constexpr (kRows > kFirst)
        add_wide<kRows - kFirst>(b.codes + kFirst * b.row_stride, b.row_stride, weights, groups,
                                 sums + kFirst * kPanel);
    }
  }
}

struct Avx2Tiles {
  static constexpr int64_t kRows = 6, kThinRows = 0, kFetchingTiles = 0;

  static void unpack(const uint8_t* packed, int64_t bytes, uint8_t* unpacked) {
    const __m256i mask = _mm256_set1_epi8(15);
    for (; bytes > 0; bytes -= kGroupBytes, packed += kGroupBytes, unpacked += 2 * kGroupBytes)
      for (int64_t at = 0; at < kGroupBytes; at += kVectorBytes) {
        const __m256i both = load(packed + at), high = _mm256_srli_epi16(both, 4);
        _mm256_store_si256(reinterpret_cast<__m256i*>(unpacked + at), _mm256_and_si256(both, mask));
        _mm256_store_si256(reinterpret_cast<__m256i*>(unpacked + kGroupBytes + at), _mm256_and_si256(high, mask));
      }
  }

  template <int kBits, Source kSource>
  static void tile(int64_t rows, const TileBlock& block) {
    static constexpr void (*kTiles[])(const TileBlock&) = {freeact::tile<kBits, 1>, freeact::tile<kBits, 2>,
                                                           freeact::tile<kBits, 3>, freeact::tile<kBits, 4>,
                                                           freeact::tile<kBits, 5>, freeact::tile<kBits, 6>};
    kTiles[rows - 1](block);
  }
};

}  // namespace

GemmKernels gemm_avx2() {
  return {panel_products<Avx2Tiles, 4>, panel_products<Avx2Tiles, 8>, finish_panel};
}

}  // namespace freeact

#endif
