// What the instruction sets have in common, built anew with the flags of each: all is internal to the including file,
// so that the linker cannot replace one build by another.
#pragma once

#include <cstdint>

#include "kernel/cpu/gemm_kernels.h"

namespace freeact {
namespace {

constexpr int64_t kFetchedOfAPair = 128;  // bytes

template <typename T>
T smaller(T a, T b) {
  return a < b ? a : b;
}

// One tile of rows times a block of the width.
struct TileBlock {
  const int8_t* codes;
  int64_t row_stride;
  const uint8_t* weights;  // as packed, or a byte a code
  int64_t pairs;           // of groups
  int32_t* sums;
  const uint8_t* ahead;  // 128 bytes a pair that will be read soon
};

// How a tile meets its weights.
enum class Source {
  kNibbles,      // two codes a byte, straight from memory
  kBytesStream,  // a code a byte, straight from memory
  kBytes,        // a code a byte, near by
};

// Otherwise each write would wait for its line.
inline void fetch_results(const PanelProduct& p, int64_t row, int64_t rows) {
  for (int64_t end = row + rows; row < end; ++row)
    for (int64_t byte = 0; byte < kPanel * 4; byte += 64)
      __builtin_prefetch(p.results + row * p.results_stride + byte, /*for writing=*/1);
}

template <typename Tiles, int kBits, Source kSource>
void add_tiles(const PanelProduct& p, const uint8_t* weights, int64_t begin, int64_t width, const uint8_t* packed_end) {
  const int64_t tiles = (p.rows + Tiles::kRows - 1) / Tiles::kRows, pairs = width / (2 * kGroup);
  for (int64_t t = 0, row = 0; t < tiles; ++t) {
    const int64_t rows = p.rows * (t + 1) / tiles - row;  // as even as can be: 5 and 5 rather than 6 and 4
    if (begin + width == p.width) fetch_results(p, row, rows);
    // The first tiles fetch what the next block, or panel, begins with.
    const uint8_t* ahead = t < Tiles::kFetchingTiles ? packed_end + t * pairs * kFetchedOfAPair : weights;
    Tiles::template tile<kBits, kSource>(
        rows, {p.codes + row * p.row_stride + begin, p.row_stride, weights, pairs, p.sums + row * kPanel, ahead});
    row += rows;
  }
}

// The products of a panel block by block of the width, tile by tile of the rows. Tiles has
//   kRows, kThinRows, kFetchingTiles     rows of a tile; up to how many 4-bit codes are used without unpacking them
//   unpack(packed, bytes, unpacked)      nibbles to bytes, group by group
//   tile<kBits, Source>(rows, TileBlock) products of 1 to kRows rows
template <typename Tiles, int kBits>
void panel_products(const PanelProduct& p) {
  const bool unpacks = kBits == 4 && p.rows > Tiles::kThinRows;
  const int64_t block = p.rows <= Tiles::kRows && !unpacks ? p.width : kBlockWidth;
  for (int64_t begin = 0; begin < p.width; begin += block) {
    const int64_t width = smaller(block, p.width - begin), bytes = width * kPanel * kBits / 8;
    const uint8_t* packed = p.panel + begin * kPanel * kBits / 8;
    if (unpacks) {
      Tiles::unpack(packed, bytes, p.unpacked);
      add_tiles<Tiles, kBits, Source::kBytes>(p, p.unpacked, begin, width, packed + bytes);
    } else if constexpr (kBits == 4) {
      if constexpr (Tiles::kThinRows > 0)
        add_tiles<Tiles, kBits, Source::kNibbles>(p, packed, begin, width, packed + bytes);
    } else if (p.rows <= Tiles::kRows) {
      add_tiles<Tiles, kBits, Source::kBytesStream>(p, packed, begin, width, packed + bytes);
    } else {
      add_tiles<Tiles, kBits, Source::kBytes>(p, packed, begin, width, packed + bytes);
    }
  }
}

// Unsigned arithmetic wraps, so t is right whenever it fits 32 bits itself.
inline void corrected(const PanelFinish& f, const int32_t* sums, int32_t sum, int32_t zero, float* t) {
  for (int64_t o = 0; o < kPanel; ++o)
    t[o] = static_cast<float>(static_cast<int32_t>(
        static_cast<uint32_t>(sums[o]) - static_cast<uint32_t>(f.offset_o[o]) * static_cast<uint32_t>(sum) -
        static_cast<uint32_t>(zero) * static_cast<uint32_t>(f.centred_o[o])));
}

inline void corrected_wide(const PanelFinish& f, const int32_t* sums, int64_t sum, int64_t zero, float* t) {
  for (int64_t o = 0; o < kPanel; ++o) t[o] = static_cast<float>(sums[o] - f.offset_o[o] * sum - zero * f.centred_o[o]);
}

void finish_panel(const PanelFinish& f) {
  alignas(64) float line[kPanel];
  for (int64_t m = 0; m < f.rows; ++m) {
    const int32_t* sums = f.sums + m * kPanel;
    const int32_t zero = f.zero_m == nullptr ? 0 : f.zero_m[m];
    if (zero > f.wide_zero || zero < -f.wide_zero)
      corrected_wide(f, sums, f.sum_m[m], zero, line);
    else
      corrected(f, sums, f.sum_m[m], zero, line);
    const float scale = f.scale_m[m];
    for (int64_t o = 0; o < kPanel; ++o) line[o] = __builtin_fmaf(scale * f.scale_o[o], line[o], f.bias_o[o]);
    float* y = f.y + m * f.stride;
    if (f.add)
      for (int64_t o = 0; o < f.outputs; ++o) y[o] += line[o];
    else
      for (int64_t o = 0; o < f.outputs; ++o) y[o] = line[o];
  }
}

}  // namespace
}  // namespace freeact
