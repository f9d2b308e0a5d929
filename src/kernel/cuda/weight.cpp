// Weights as the device's kernels read them.
#include <ATen/ATen.h>

#include "kernel/cuda/linear.h"
#include "kernel/cuda/mma_layout.h"
#include "kernel/cuda/nibble_layout.h"
#include "util/error.h"

namespace freeact {
namespace {

int64_t padding(int64_t width, int64_t multiple) {
  return (multiple - width % multiple) % multiple;
}

bool within(const at::Tensor& codes, int64_t lowest, int64_t highest) {
  return codes.numel() == 0 || (codes.min().item<int64_t>() >= lowest && codes.max().item<int64_t>() <= highest);
}

// Half of an asymmetric grid's range: what its codes are lowered by to fit int8.
int64_t half_range(const at::Tensor& codes) {
  return within(codes, 0, 15) ? 8 : 128;
}

at::Tensor pack(const at::Tensor& codes_OK) {
  const at::Tensor plain = codes_OK.to(at::kCPU).contiguous();
  const int64_t outputs = plain.size(0), width = plain.size(1);
  at::Tensor packed = at::empty({cuda::nibble_bytes(outputs, width)}, at::kByte);
  cuda::pack_nibbles(plain.const_data_ptr<int8_t>(), outputs, width, packed.data_ptr<uint8_t>());
  return packed;
}

}  // namespace

CudaWeight cuda_weight(const at::Tensor& codes_OK, const at::Tensor& scale_O1, const at::Tensor& zero_O1,
                       at::Device device) {
  const bool is_signed = codes_OK.scalar_type() == at::kChar;
  FREEACT_CHECK(codes_OK.dim() == 2 && (is_signed || codes_OK.scalar_type() == at::kByte),
                "weight codes of the type {} cannot be packed", c10::toString(codes_OK.scalar_type()));
  FREEACT_CHECK(scale_O1.numel() == codes_OK.size(0), "{} scales for {} outputs", scale_O1.numel(), codes_OK.size(0));
  FREEACT_CHECK(is_signed || zero_O1.defined(), "codes of an asymmetric grid need zero points");
  const int64_t shift = is_signed ? 0 : half_range(codes_OK);
  const at::Tensor codes = is_signed ? codes_OK : (codes_OK.to(at::kShort) - shift).to(at::kChar);
  CudaWeight weight;
  weight.outputs = codes.size(0);
  weight.width = codes.size(1);
  weight.codes_OP = at::constant_pad_nd(codes, {0, padding(weight.width, cuda::kKMultiple)}).contiguous().to(device);
  if (within(codes, -8, 7)) weight.nibbles = pack(codes).to(device);
  weight.scale_O = scale_O1.detach().reshape({-1}).to(device, at::kFloat).contiguous();
  if (zero_O1.defined())
    weight.offset_O =
        (at::round(zero_O1.detach().reshape({-1}).to(at::kDouble)) - shift).to(device, at::kInt).contiguous();
  weight.code_sum_O = codes.sum(1, /*keepdim=*/false, at::kInt).to(device).contiguous();
  return weight;
}

at::Tensor pack_pairs(const at::Tensor& codes) {
  FREEACT_CHECK(codes.dim() == 2 && codes.scalar_type() == at::kChar, "pairs are packed from a matrix of int8");
  const at::Tensor even = at::constant_pad_nd(codes, {0, padding(codes.size(1), 2 * cuda::kKMultiple)})
                              .to(at::kInt)
                              .bitwise_and(15)
                              .unflatten(1, {-1, 2});
  const at::Tensor bytes = even.select(2, 0) + even.select(2, 1) * 16;
  return bytes.to(at::kByte).view(at::kChar).contiguous();
}

}  // namespace freeact
