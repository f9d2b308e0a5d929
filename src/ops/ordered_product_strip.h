// What the instruction sets have in common, built anew with the flags of each: all is internal to the including file,
// so that the linker cannot replace one build by another.
#pragma once

#include <cstdint>

namespace freeact {
namespace {

// Tiles has
//   Strip                            a, b and c of some columns
//   kMostRows<kVectors>              rows of a tile of so many vectors of columns
//   tile<kRows, kVectors>(s, row)    rows row .. row + kRows of c

// The rows that are left behind whole tiles.
template <typename Tiles, int kRows, int kVectors>
void rest(const typename Tiles::Strip& s, int64_t row, int64_t rows) {
  if constexpr (kRows > 0) {
    if (rows == kRows)
      Tiles::template tile<kRows, kVectors>(s, row);
    else
      rest<Tiles, kRows - 1, kVectors>(s, row, rows);
  }
}

// All m rows of a strip of kVectors vectors of columns.
template <typename Tiles, int kVectors>
void strip(const typename Tiles::Strip& s, int64_t m) {
  constexpr int kRows = Tiles::template kMostRows<kVectors>;
  int64_t row = 0;
  for (; row + kRows <= m; row += kRows) Tiles::template tile<kRows, kVectors>(s, row);
  rest<Tiles, kRows - 1, kVectors>(s, row, m - row);
}

}  // namespace
}  // namespace freeact
