// The integer products in plain loops: what the other instruction sets are held to, and what runs everywhere.
#include "kernel/cpu/gemm_kernels.h"
#include "kernel/cpu/gemm_panel.h"

namespace freeact {
namespace {

constexpr int64_t kGroupBytes = kPanel * kGroup;

struct PlainTiles {
  static constexpr int64_t kRows = 1, kThinRows = 0, kFetchingTiles = 0;

  static void unpack(const uint8_t* packed, int64_t bytes, uint8_t* unpacked) {
    for (int64_t pair = 0; pair < bytes / kGroupBytes; ++pair)
      for (int64_t i = 0; i < kGroupBytes; ++i) {
        const uint8_t both = packed[pair * kGroupBytes + i];
        unpacked[2 * pair * kGroupBytes + i] = both & 15;
        unpacked[(2 * pair + 1) * kGroupBytes + i] = both >> 4;
      }
  }

  template <int kBits, Source kSource>
  static void tile(int64_t, const TileBlock& b) {
    for (int64_t group = 0; group < 2 * b.pairs; ++group) {
      const int8_t* codes = b.codes + group * kGroup;
      const uint8_t* weights = b.weights + group * kGroupBytes;
      for (int64_t o = 0; o < kPanel; ++o)
        for (int64_t i = 0; i < kGroup; ++i) b.sums[o] += weights[o * kGroup + i] * codes[i];
    }
  }
};

}  // namespace

GemmKernels gemm_portable() {
  return {panel_products<PlainTiles, 4>, panel_products<PlainTiles, 8>, finish_panel};
}

}  // namespace freeact
