// Products of quantised tokens with packed weights: the work is cut into panels of outputs and blocks of tokens, for
// threads and for caches; gemm_*.cpp do one such piece.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "kernel/cpu/gemm_kernels.h"
#include "kernel/cpu/packed_weight.h"
#include "util/error.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

constexpr int64_t kOperationsOfATask = int64_t{1} << 20;  // about 10 us: less is not worth a thread
constexpr int64_t kBlockCodes = int64_t{384} << 10;       // bytes of a block of tokens: stay in the second cache
constexpr int64_t kFewestRows = 48, kMostRows = 480;      // of a block

GemmKernels kernels_of(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512Vnni) return gemm_avx512();
  if (set == InstructionSet::kAvx2) return gemm_avx2();
#endif
  return gemm_portable();
}

void check_rows(const QuantisedRows& x, const PackedWeight& weight) {
  const int64_t padded = padded_width(weight.width), rows = x.rows();
  FREEACT_CHECK(x.width == weight.width, "tokens of width {} for a weight of {}", x.width, weight.width);
  FREEACT_CHECK(x.codes_MP.scalar_type() == at::kChar && x.codes_MP.is_contiguous() && x.codes_MP.dim() == 2 &&
                    x.codes_MP.size(1) == padded,
                "codes int8 [M, {}]", padded);
  for (const at::Tensor* of_row : {&x.scale_M, &x.sum_M, &x.zero_M})
    FREEACT_CHECK(!of_row->defined() || (of_row->numel() == rows && of_row->is_contiguous()), "a value for each row");
}

// Tokens begin .. begin + rows and 64 outputs from panel * 64 on.
struct Piece {
  int64_t begin, rows, panel;
};

// finish(piece, sums [rows, 64]) for all pieces; it writes to y [M, O], values of 4 bytes.
template <typename Finish>
void for_each_piece(const QuantisedRows& x, const PackedWeight& weight, const GemmKernels& kernels,
                    const at::Tensor& y_MO, const Finish& finish) {
  const int64_t padded = padded_width(weight.width), rows = x.rows();
  const int64_t panels = (weight.outputs + kPanel - 1) / kPanel, panel_bytes = kPanel * padded * weight.bits / 8;
  if (rows == 0 || panels == 0) return;
  const int64_t most = std::clamp(kBlockCodes / std::max<int64_t>(padded, 1), kFewestRows, kMostRows);
  const int64_t blocks = (rows + most - 1) / most, block_rows = (rows + blocks - 1) / blocks;
  const int64_t grain = std::max<int64_t>(1, kOperationsOfATask / std::max<int64_t>(1, block_rows * padded * kPanel));
  const auto* codes = x.codes_MP.const_data_ptr<int8_t>();
  const auto* packed = weight.bytes.const_data_ptr<uint8_t>();
  const auto* results = static_cast<const char*>(y_MO.const_data_ptr());
  const int64_t results_stride = y_MO.stride(0) * 4;
  const auto products = weight.bits == 4 ? kernels.products_4bit : kernels.products_8bit;
  at::parallel_for(0, blocks * panels, grain, [&](int64_t first, int64_t last) {
    // Sums, and room for unpacked codes.
    const at::Tensor scratch = at::empty({block_rows * kPanel + kBlockBytes / 4}, x.codes_MP.options().dtype(at::kInt));
    auto* sums = scratch.mutable_data_ptr<int32_t>();
    auto* unpacked = reinterpret_cast<uint8_t*>(sums + block_rows * kPanel);
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = rows * (i / panels) / blocks, end = rows * (i / panels + 1) / blocks;
      const Piece piece = {begin, end - begin, i % panels};
      std::fill_n(sums, piece.rows * kPanel, 0);
      products({codes + begin * padded, piece.rows, padded, packed + piece.panel * panel_bytes, padded, sums, unpacked,
                results + begin * results_stride + piece.panel * kPanel * 4, results_stride});
      finish(piece, sums);
    }
  });
}

// The values of a panel's outputs, filled up to 64.
template <typename T>
struct OfPanel {
  alignas(64) T values[kPanel] = {};
  OfPanel(const at::Tensor& of_outputs, int64_t panel) {
    if (!of_outputs.defined()) return;
    const T* from = of_outputs.const_data_ptr<T>() + panel * kPanel;
    std::copy_n(from, std::min(kPanel, of_outputs.numel() - panel * kPanel), values);
  }
};

// Sum over K of (u - offset), int32 [O].
at::Tensor centred_sums(const PackedWeight& weight) {
  return weight.code_sum_O - weight.offset_O * weight.width;
}

// Zeros up to which all of sum_k (u - offset) (code - zero) fits 32 bits.
int64_t widest_zero(const PackedWeight& weight) {
  int64_t largest = (1 << weight.bits) - 1;
  for (int64_t o = 0; o < weight.outputs; ++o) {
    const int64_t offset = weight.offset_O.const_data_ptr<int32_t>()[o];
    largest = std::max({largest, std::abs(offset), std::abs((1 << weight.bits) - 1 - offset)});
  }
  return std::numeric_limits<int32_t>::max() / (largest * std::max<int64_t>(1, weight.width)) - 128;
}

}  // namespace

at::Tensor integer_products(const QuantisedRows& x, const PackedWeight& weight) {
  check_rows(x, weight);
  at::Tensor y = at::empty({x.rows(), weight.outputs}, x.codes_MP.options().dtype(at::kInt));
  auto* to = y.mutable_data_ptr<int32_t>();
  for_each_piece(x, weight, kernels_of(instruction_set()), y, [&](const Piece& piece, const int32_t* sums) {
    const int64_t first = piece.panel * kPanel, count = std::min(kPanel, weight.outputs - first);
    for (int64_t m = 0; m < piece.rows; ++m)
      std::copy_n(sums + m * kPanel, count, to + (piece.begin + m) * weight.outputs + first);
  });
  return y;
}

void integer_linear(const QuantisedRows& x, const PackedWeight& weight, const at::Tensor& bias, at::Tensor& y_MO,
                    bool add) {
  check_rows(x, weight);
  FREEACT_CHECK(y_MO.dim() == 2 && y_MO.size(0) == x.rows() && y_MO.size(1) == weight.outputs &&
                    y_MO.scalar_type() == at::kFloat && (y_MO.size(1) < 2 || y_MO.stride(1) == 1),
                "y float32 [{}, {}] with neighbouring columns", x.rows(), weight.outputs);
  FREEACT_CHECK(!bias.defined() || (bias.numel() == weight.outputs && bias.scalar_type() == at::kFloat),
                "a bias float32 [{}]", weight.outputs);
  const at::Tensor plain_bias = bias.defined() ? bias.detach().contiguous() : bias;
  const bool has_zeros = x.zero_M.defined();
  const at::Tensor centred = has_zeros ? centred_sums(weight) : at::Tensor();
  const int64_t wide_zero = has_zeros ? widest_zero(weight) : 0;
  const auto* scale = x.scale_M.const_data_ptr<float>();
  const auto* sum = x.sum_M.const_data_ptr<int32_t>();
  const auto* zero = has_zeros ? x.zero_M.const_data_ptr<int32_t>() : nullptr;
  auto* y = y_MO.mutable_data_ptr<float>();
  const int64_t stride = y_MO.stride(0);
  const GemmKernels kernels = kernels_of(instruction_set());
  for_each_piece(x, weight, kernels, y_MO, [&](const Piece& piece, const int32_t* sums) {
    const OfPanel<float> scale_o(weight.scale_O, piece.panel), bias_o(plain_bias, piece.panel);
    const OfPanel<int32_t> offset_o(weight.offset_O, piece.panel), centred_o(centred, piece.panel);
    const int64_t first = piece.panel * kPanel;
    kernels.finish({sums, piece.rows, scale + piece.begin, sum + piece.begin, has_zeros ? zero + piece.begin : nullptr,
                    wide_zero, scale_o.values, offset_o.values, centred_o.values, bias_o.values,
                    y + piece.begin * stride + first, stride, std::min(kPanel, weight.outputs - first), add});
  });
}

}  // namespace freeact
