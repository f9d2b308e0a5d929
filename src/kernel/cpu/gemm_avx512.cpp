// Integer products with VPDPBUSD: unsigned weights times signed codes of tokens, 4 inputs of 16 outputs at once. A
// tile's sums stay in 24 of the 32 registers; scaling is left to finish_panel, since it would push them out.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel/cpu/gemm_kernels.h"
#include "kernel/cpu/gemm_panel.h"

namespace freeact {
namespace {

constexpr int kVectors = 4;  // of 16 outputs
constexpr int64_t kVectorBytes = 64, kGroupBytes = kVectors * kVectorBytes, kLine = 64;
constexpr int64_t kAheadBytes = 2048;  // how far weights straight from memory are fetched ahead

__m512i* vector_of(int32_t* sums, int row, int v) {
  return reinterpret_cast<__m512i*>(sums + row * kPanel) + v;
}

__m512i load(const uint8_t* bytes) {
  return _mm512_load_si512(reinterpret_cast<const __m512i*>(bytes));
}

// Into the first cache what is read next, into the second what the next block reads.
template <Source kSource>
__attribute__((always_inline)) inline void fetch(const uint8_t* line) {
  _mm_prefetch(reinterpret_cast<const char*>(line), kSource == Source::kBytes ? _MM_HINT_T1 : _MM_HINT_T0);
}

// The same 4 codes for all 16 outputs.
__m512i broadcast(const int8_t* codes) {
  int32_t four;
  __builtin_memcpy(&four, codes, sizeof four);
  return _mm512_set1_epi32(four);
}

__m512i low_nibbles(__m512i both) {
  return _mm512_and_si512(both, _mm512_set1_epi8(15));
}
__m512i high_nibbles(__m512i both) {
  return low_nibbles(_mm512_srli_epi16(both, 4));
}

template <int kRows>
using Sums = __m512i[kRows][kVectors];

template <int kRows>
__attribute__((always_inline)) inline void load_sums(int32_t* from, Sums<kRows>& sums) {
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_load_si512(vector_of(from, r, v));
}

template <int kRows>
__attribute__((always_inline)) inline void store_sums(const Sums<kRows>& sums, int32_t* to) {
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) _mm512_store_si512(vector_of(to, r, v), sums[r][v]);
}

// sums += a group's weights times 4 codes of each row.
template <int kRows>
__attribute__((always_inline)) inline void add_group(__m512i (&weights)[kVectors], const int8_t* codes, int64_t stride,
                                                     Sums<kRows>& sums) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) asm("" : "+v"(weights[v]));  // in a register, not loaded anew for each row
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    const __m512i four = broadcast(codes + r * stride);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = _mm512_dpbusd_epi32(sums[r][v], weights[v], four);
  }
}

template <int kRows, Source kSource>
void tile(const TileBlock& b) {
  constexpr bool kNibbles = kSource == Source::kNibbles;
  constexpr int64_t kPairBytes = kNibbles ? kGroupBytes : 2 * kGroupBytes;
  Sums<kRows> sums;
  load_sums<kRows>(b.sums, sums);
  const int8_t* codes = b.codes;
  const uint8_t *bytes = b.weights, *ahead = kSource == Source::kBytes ? b.ahead : b.weights + kAheadBytes;
  constexpr int64_t kFetched = kSource == Source::kBytes ? kFetchedOfAPair : kPairBytes;
  const int64_t stride = b.row_stride;
  for (int64_t pair = 0; pair < b.pairs; ++pair) {
#pragma GCC unroll 8
    for (int64_t line = 0; line < kFetched; line += kLine) fetch<kSource>(ahead + line);
    __m512i weights[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      weights[v] = load(bytes + v * kVectorBytes);
      if constexpr (kNibbles) weights[v] = low_nibbles(weights[v]);
    }
    add_group<kRows>(weights, codes, stride, sums);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      weights[v] = load(bytes + (kPairBytes - kGroupBytes) + v * kVectorBytes);
      if constexpr (kNibbles) weights[v] = high_nibbles(weights[v]);
    }
    add_group<kRows>(weights, codes + kGroup, stride, sums);
    codes += 2 * kGroup;
    bytes += kPairBytes;
    ahead += kFetched;
  }
  store_sums<kRows>(sums, b.sums);
}

struct VnniTiles {
  static constexpr int64_t kRows = 6, kThinRows = 12, kFetchingTiles = 4;

  static void unpack(const uint8_t* packed, int64_t bytes, uint8_t* unpacked) {
    for (; bytes > 0; bytes -= kGroupBytes, packed += kGroupBytes, unpacked += 2 * kGroupBytes)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const __m512i both = load(packed + v * kVectorBytes);
        _mm512_store_si512(unpacked + v * kVectorBytes, low_nibbles(both));
        _mm512_store_si512(unpacked + kGroupBytes + v * kVectorBytes, high_nibbles(both));
      }
  }

  template <int kBits, Source kSource>
  static void tile(int64_t rows, const TileBlock& block) {
    static constexpr void (*kTiles[])(const TileBlock&) = {freeact::tile<1, kSource>, freeact::tile<2, kSource>,
                                                           freeact::tile<3, kSource>, freeact::tile<4, kSource>,
                                                           freeact::tile<5, kSource>, freeact::tile<6, kSource>};
    kTiles[rows - 1](block);
  }
};

}  // namespace

GemmKernels gemm_avx512() {
  return {panel_products<VnniTiles, 4>, panel_products<VnniTiles, 8>, finish_panel};
}

}  // namespace freeact

#endif
