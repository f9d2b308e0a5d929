#include "artefact/packing.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <atomic>

#include "util/error.h"

namespace freeact {
namespace {

int offset_of(const Grid& grid) {
  return grid.symmetric ? 1 << (grid.bits - 1) : 0;
}

// One row. False when a code does not fit.
template <typename Code>
bool pack_row(const Code* codes, int64_t columns, int bits, int offset, uint32_t* words) {
  const int64_t per_word = codes_per_word(bits);
  bool fits = true;
  for (int64_t c = 0; c < columns; ++c) {
    const int value = static_cast<int>(codes[c]) + offset;
    fits = fits && value >= 0 && value < (1 << bits);
    words[c / per_word] |= static_cast<uint32_t>(value) << (static_cast<int>(c % per_word) * bits);
  }
  return fits;
}

template <typename Code>
void unpack_row(const uint32_t* words, int64_t columns, int bits, int offset, Code* codes) {
  const int64_t per_word = codes_per_word(bits);
  const uint32_t mask = (1U << bits) - 1;
  for (int64_t c = 0; c < columns; ++c) {
    const uint32_t value = (words[c / per_word] >> (static_cast<int>(c % per_word) * bits)) & mask;
    codes[c] = static_cast<Code>(static_cast<int>(value) - offset);
  }
}

template <typename Code>
at::Tensor pack(const at::Tensor& codes_RC, const Grid& grid) {
  const int64_t rows = codes_RC.size(0), columns = codes_RC.size(1), words = words_of(columns, grid.bits);
  const at::Tensor plain = codes_RC.contiguous(), packed = at::zeros({rows, words}, at::kInt);
  const auto* from = plain.const_data_ptr<Code>();
  auto* to = reinterpret_cast<uint32_t*>(packed.mutable_data_ptr<int32_t>());
  std::atomic<bool> fits = true;
  at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      if (!pack_row(from + r * columns, columns, grid.bits, offset_of(grid), to + r * words)) fits = false;
  });
  if (!fits) throw UserError("some of its codes are outside of {} bits", grid.bits);
  return packed;
}

template <typename Code>
at::Tensor unpack(const at::Tensor& words_RW, int64_t columns, const Grid& grid) {
  const int64_t rows = words_RW.size(0), words = words_RW.size(1);
  const at::Tensor plain = words_RW.contiguous();
  const at::Tensor codes = at::empty({rows, columns}, c10::CppTypeToScalarType<Code>::value);
  const auto* from = reinterpret_cast<const uint32_t*>(plain.const_data_ptr<int32_t>());
  auto* to = codes.mutable_data_ptr<Code>();
  at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      unpack_row(from + r * words, columns, grid.bits, offset_of(grid), to + r * columns);
  });
  return codes;
}

}  // namespace

at::Tensor pack_codes(const at::Tensor& codes_RC, const Grid& grid) {
  return grid.symmetric ? pack<int8_t>(codes_RC, grid) : pack<uint8_t>(codes_RC, grid);
}

at::Tensor unpack_codes(const at::Tensor& words_RW, int64_t columns, const Grid& grid) {
  FREEACT_CHECK(words_RW.size(1) == words_of(columns, grid.bits), "{} words for {} columns", words_RW.size(1), columns);
  return grid.symmetric ? unpack<int8_t>(words_RW, columns, grid) : unpack<uint8_t>(words_RW, columns, grid);
}

}  // namespace freeact
