#include "kernel/cpu/packed_weight.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "kernel/cpu/gemm_kernels.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int64_t kLargestActivation = 128;
constexpr int64_t kLargestSum = std::numeric_limits<int32_t>::max();

int64_t num_panels(int64_t outputs) {
  return (outputs + kPanel - 1) / kPanel;
}

// Where a code lies: its byte, and by how many bits it is shifted there.
struct Place {
  int64_t byte;
  int shift;
};
Place place_of(int64_t output, int64_t k, int64_t padded, int bits) {
  const int64_t panel = output / kPanel * kPanel * padded, group = k / kGroup;
  const int64_t in_group = output % kPanel * kGroup + k % kGroup;
  if (bits == 8) return {panel + group * kPanel * kGroup + in_group, 0};
  return {panel / 2 + group / 2 * kPanel * kGroup + in_group, group % 2 == 0 ? 0 : 4};
}

void check_form(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero, int bits) {
  const bool symmetric = codes.scalar_type() == at::kChar;
  FREEACT_CHECK(codes.dim() == 2 && (symmetric || codes.scalar_type() == at::kByte), "codes int8 or uint8 [O, K]");
  if (bits < 2 || bits > 8) throw UserError("integer kernels take weights of 2 to 8 bits, not {}", bits);
  if (scale.dim() != 2 || scale.size(1) != 1)
    throw UserError("integer kernels take weights with one scale a row, not one a group of channels");
  FREEACT_CHECK(scale.size(0) == codes.size(0) && scale.scalar_type() == at::kFloat, "scales float32 [O, 1]");
  FREEACT_CHECK(zero.defined() != symmetric, "uint8 codes have zero points, int8 codes have none");
  FREEACT_CHECK(symmetric || zero.numel() == codes.size(0), "zero points [O, 1]");
}

// What is taken from an unsigned code to make its value, int32 [O].
at::Tensor offsets(const at::Tensor& codes, const at::Tensor& zero, int bits) {
  if (!zero.defined()) return at::full({codes.size(0)}, 1 << (bits - 1), codes.options().dtype(at::kInt));
  const at::Tensor flat = zero.detach().reshape(-1).to(at::kDouble);
  if (!flat.equal(flat.round()) || !(flat.abs() <= static_cast<double>(kLargestSum)).all().item<bool>())
    throw UserError("the zero points of a weight are not whole numbers of 32 bits: the quantised model is damaged");
  return flat.to(at::kInt);
}

// uint8 [O, K], contiguous.
at::Tensor unsigned_codes(const at::Tensor& codes, int bits) {
  const bool symmetric = codes.scalar_type() == at::kChar;
  const at::Tensor raised = symmetric ? codes.to(at::kInt) + (1 << (bits - 1)) : codes.to(at::kInt);
  if (raised.numel() > 0 && (raised.min().item<int>() < 0 || raised.max().item<int>() >= 1 << bits))
    throw UserError("a weight's codes leave its grid of {} bits: the quantised model is damaged", bits);
  return raised.to(at::kByte).contiguous();
}

// The largest |u - offset| of any code.
int64_t largest_value(const at::Tensor& offset_O, int bits) {
  int64_t largest = 0;
  for (int64_t o = 0; o < offset_O.numel(); ++o) {
    const int64_t offset = offset_O.const_data_ptr<int32_t>()[o];
    largest = std::max({largest, std::abs(offset), std::abs((int64_t{1} << bits) - 1 - offset)});
  }
  return largest;
}

void check_width(int64_t width, int64_t largest, int bits) {
  const int64_t of_code = (int64_t{1} << bits) - 1;
  const int64_t most = kLargestSum / (kLargestActivation * std::max(of_code, largest));
  if (width > most)
    throw UserError("a linear of width {} is too wide for sums of 32 bits: at most {} with these {}-bit weights", width,
                    most, bits);
}

void write_codes(const at::Tensor& codes_OK, PackedWeight& weight) {
  const int64_t padded = padded_width(weight.width);
  const auto* codes = codes_OK.const_data_ptr<uint8_t>();
  auto* bytes = weight.bytes.mutable_data_ptr<uint8_t>();
  at::parallel_for(0, num_panels(weight.outputs), 1, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin * kPanel; o < std::min(end * kPanel, weight.outputs); ++o)
      for (int64_t k = 0; k < weight.width; ++k) {
        const Place place = place_of(o, k, padded, weight.bits);
        bytes[place.byte] = static_cast<uint8_t>(bytes[place.byte] | codes[o * weight.width + k] << place.shift);
      }
  });
}

}  // namespace

PackedWeight pack_weight(const at::Tensor& codes_OK, const at::Tensor& scale_O1, const at::Tensor& zero_O1, int bits) {
  check_form(codes_OK, scale_O1, zero_O1, bits);
  PackedWeight weight;
  weight.outputs = codes_OK.size(0);
  weight.width = codes_OK.size(1);
  weight.bits = bits <= 4 ? 4 : 8;
  weight.scale_O = scale_O1.detach().reshape(-1).clone();
  weight.offset_O = offsets(codes_OK, zero_O1, bits);
  check_width(weight.width, largest_value(weight.offset_O, weight.bits), weight.bits);
  const at::Tensor codes = unsigned_codes(codes_OK, bits);
  weight.code_sum_O = codes.sum(1, /*keepdim=*/false, at::kInt);
  const int64_t padded = num_panels(weight.outputs) * kPanel * padded_width(weight.width);
  weight.bytes = at::zeros({padded * weight.bits / 8}, codes.options());
  write_codes(codes, weight);
  return weight;
}

at::Tensor unpack_weight(const PackedWeight& weight, bool symmetric) {
  at::Tensor codes = at::empty({weight.outputs, weight.width}, weight.bytes.options());
  const int64_t padded = padded_width(weight.width);
  const auto* bytes = weight.bytes.const_data_ptr<uint8_t>();
  auto* unpacked = codes.mutable_data_ptr<uint8_t>();
  for (int64_t o = 0; o < weight.outputs; ++o)
    for (int64_t k = 0; k < weight.width; ++k) {
      const Place place = place_of(o, k, padded, weight.bits);
      const int code = bytes[place.byte] >> place.shift;
      unpacked[o * weight.width + k] = static_cast<uint8_t>(weight.bits == 4 ? code & 15 : code);
    }
  return symmetric ? (codes.to(at::kInt) - weight.offset_O.unsqueeze(1)).to(at::kChar) : codes;
}

}  // namespace freeact
