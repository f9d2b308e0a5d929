// Two weight codes a byte, in the order in which nibble_product.cu reads them: every lane gets its part of the left
// operand (16 outputs by 64 k) by one load of 16 bytes, and meets it with 16 neighbouring bytes of an activation row.
// So the k of a chunk are dealt out to lanes: lane % 4 has k = lane % 4 * 16 on. Codes are unsigned here (code + 8).
#pragma once

#include <cstdint>

namespace freeact::cuda {

inline constexpr int kNibbleOutputs = 16, kNibbleK = 64, kNibbleChunkBytes = kNibbleOutputs * kNibbleK / 2;
inline constexpr int kNibbleTileOutputs = 32;  // outputs are padded to this with codes 0
inline constexpr int kNibbleOffset = 8;
inline constexpr int kMostNibbleRows = 64;  // tokens that the kernel takes

struct NibblePlace {
  int64_t byte;
  int shift;  // 0 or 4
};

constexpr int64_t nibble_chunks(int64_t k) {
  return (k + kNibbleK - 1) / kNibbleK;
}

constexpr int64_t padded_outputs(int64_t outputs) {
  return (outputs + kNibbleTileOutputs - 1) / kNibbleTileOutputs * kNibbleTileOutputs;
}

constexpr int64_t nibble_bytes(int64_t outputs, int64_t k) {
  return padded_outputs(outputs) / kNibbleOutputs * nibble_chunks(k) * kNibbleChunkBytes;
}

// Where the code of (output, k) lies: [outputs / 16, k / 64, 32 lanes, 16 bytes], the low nibble of the first eight
// outputs of a tile, the high one of the last eight.
constexpr NibblePlace nibble_place(int64_t output, int64_t k, int64_t padded_k) {
  const int64_t tile = output / kNibbleOutputs, chunk = k / kNibbleK;
  const int64_t row = output % kNibbleOutputs, within = k % kNibbleK;
  const int64_t lane = row % 8 * 4 + within / 16;
  return {(tile * nibble_chunks(padded_k) + chunk) * kNibbleChunkBytes + lane * 16 + within % 16, row < 8 ? 0 : 4};
}

// codes [outputs, k] from -8 to 7 -> nibble_bytes(outputs, k), on the host.
inline void pack_nibbles(const int8_t* codes, int64_t outputs, int64_t k, uint8_t* packed) {
  for (int64_t i = 0; i < nibble_bytes(outputs, k); ++i) packed[i] = 0;
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < k; ++i) {
      const NibblePlace place = nibble_place(o, i, k);
      packed[place.byte] |= static_cast<uint8_t>((codes[o * k + i] + kNibbleOffset) << place.shift);
    }
}

}  // namespace freeact::cuda
