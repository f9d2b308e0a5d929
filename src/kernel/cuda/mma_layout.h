// Where the operands of tensor-core instructions lie: which byte of which row each lane holds. Plain integer functions,
// so that a test can play the instructions on the host. Source: PTX ISA, "Matrix fragments for mma.m16n8k32" (8 bit;
// m16n8k64 with 4 bits is the same in bytes) and "ldmatrix".
#pragma once

#include <cstdint>

namespace freeact::cuda {

inline constexpr int kLanes = 32;
inline constexpr int kKMultiple = 64;  // rows of codes are padded with 0 to this many bytes
inline constexpr int kMmaRows = 16, kMmaColumns = 8, kMmaBytes = 32;  // of one mma: M, N and K in bytes
inline constexpr int kChunk = 16;                                     // bytes of one row that ldmatrix takes

// Register r (of 4) of the left operand [16, 32 bytes]: four bytes of this row from this column on.
constexpr int left_row(int lane, int r) {
  return lane / 4 + (r % 2) * 8;
}
constexpr int left_byte(int lane, int r) {
  return lane % 4 * 4 + (r / 2) * 16;
}
// Register r (of 2) of the right operand, given as its columns [8, 32 bytes].
constexpr int right_column(int lane) {
  return lane / 4;
}
constexpr int right_byte(int lane, int r) {
  return lane % 4 * 4 + r * 16;
}
// Register r (of 4) of the result [16, 8].
constexpr int result_row(int lane, int r) {
  return lane / 4 + (r / 2) * 8;
}
constexpr int result_column(int lane, int r) {
  return lane % 4 * 2 + r % 2;
}

// ---- tiles of rows in shared memory, kTileBytes of each

inline constexpr int kTileBytes = 64, kTileChunks = kTileBytes / kChunk;

// Byte at which a chunk of a row lies. Chunks are permuted so that eight rows' chunks of the same number, which
// ldmatrix reads at once, lie in different banks.
constexpr int swizzled(int row, int chunk) {
  return row * kTileBytes + (chunk ^ (row / 2 % kTileChunks)) * kChunk;
}

// ldmatrix.x4: lane l names the row l % 8 of matrix l / 8, and register r of all lanes then holds matrix r, lane l four
// bytes of row l / 4 from byte l % 4 * 4 on. Which row and chunk of a tile a lane has to name,
// for the left operand at (row, step of 32 bytes):
constexpr int left_source_row(int lane, int row) {
  return row + lane % 8 + lane / 8 % 2 * 8;
}
constexpr int left_source_chunk(int lane, int step) {
  return step * 2 + lane / 16;
}
// and for the right operands of two neighbouring groups of eight columns: registers 0, 1 are the first group's.
constexpr int right_source_row(int lane, int column) {
  return column + lane % 8 + lane / 16 * 8;
}
constexpr int right_source_chunk(int lane, int step) {
  return step * 2 + lane / 8 % 2;
}

}  // namespace freeact::cuda
