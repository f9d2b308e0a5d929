#include "kernel/cuda/linear.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernel/cuda/call.h"
#include "kernel/cuda/kernels.h"

namespace freeact {
namespace {

template <typename T>
const T* pointer(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<T>() : nullptr;
}

cuda::Scaling scaling_of(const CudaRows& x, const CudaWeight& weight, const at::Tensor& bias, bool add) {
  return {pointer<float>(x.scale_M),
          pointer<float>(weight.scale_O),
          pointer<int32_t>(x.sum_M),
          pointer<int32_t>(x.zero_M),
          pointer<int32_t>(weight.offset_O),
          pointer<int32_t>(weight.code_sum_O),
          pointer<float>(bias),
          weight.width,
          add};
}

cuda::Output output_of(const at::Tensor& y_MO) {
  const auto type = y_MO.scalar_type();
  FREEACT_CHECK(y_MO.is_contiguous() && (type == at::kFloat || type == at::kBFloat16 || type == at::kInt),
                "outputs of the type {} cannot be written", c10::toString(type));
  const auto kind = type == at::kFloat      ? cuda::OutputKind::kFloat32
                    : type == at::kBFloat16 ? cuda::OutputKind::kBfloat16
                                            : cuda::OutputKind::kInt32;
  return {y_MO.mutable_data_ptr(), kind};
}

cuda::Product product_of(const at::Tensor& x, const at::Tensor& w) {
  FREEACT_CHECK(x.size(1) == w.size(1) && x.is_contiguous() && w.is_contiguous(),
                "rows of {} and weights of {} bytes do not fit", x.size(1), w.size(1));
  return {x.const_data_ptr<int8_t>(), w.const_data_ptr<int8_t>(), static_cast<int>(x.size(0)),
          static_cast<int>(w.size(0)), x.size(1)};
}

cudaError_t run_wgmma(const CudaRows& x, const CudaWeight& weight, const cuda::Scaling& scaling, const cuda::Output& y,
                      cudaStream_t stream) {
  const cuda::Product product = product_of(x.codes_MP, weight.codes_OP);
  const auto bytes = static_cast<int64_t>(cuda::wgmma_workspace_bytes(product, y));
  const at::Tensor workspace = at::empty({bytes}, x.codes_MP.options().dtype(at::kByte));
  return cuda::wgmma_product(product, scaling, y, bytes > 0 ? workspace.mutable_data_ptr() : nullptr, stream);
}

cudaError_t run_nibbles(const CudaRows& x, const CudaWeight& weight, const cuda::Scaling& scaling,
                        const cuda::Output& y, cudaStream_t stream) {
  const cuda::NibbleProduct product = {x.codes_MP.const_data_ptr<int8_t>(), weight.nibbles.const_data_ptr<uint8_t>(),
                                       x.sum_M.const_data_ptr<int32_t>(),   static_cast<int>(x.rows()),
                                       static_cast<int>(weight.outputs),    x.codes_MP.size(1)};
  return cuda::nibble_product(product, scaling, y, stream);
}

cudaError_t run(CudaRoute route, const CudaRows& x, const CudaWeight& weight, const cuda::Scaling& scaling,
                const cuda::Output& y, cudaStream_t stream) {
  switch (route) {
    case CudaRoute::kNibbles:
      return run_nibbles(x, weight, scaling, y, stream);
    case CudaRoute::kWgmma:
      return run_wgmma(x, weight, scaling, y, stream);
    case CudaRoute::kMma:
      return cuda::int8_product(product_of(x.codes_MP, weight.codes_OP), scaling, y, stream);
    case CudaRoute::kEmulatedInt4: {
      const at::Tensor left = pack_pairs(x.codes_MP), right = pack_pairs(weight.codes_OP);
      return cuda::int4_product(product_of(left, right), scaling, y, stream);
    }
  }
  throw Defect("a route of no name");
}

RouteQuestion question_of(const CudaRows& x, const CudaWeight& weight, const at::Tensor& y_MO, bool add) {
  return {x.rows(),
          weight.outputs,
          cuda_capability(x.codes_MP.device()),
          weight.nibbles.defined(),
          x.zero_M.defined() || weight.offset_O.defined() || add,
          y_MO.scalar_type() == at::kBFloat16,
          cuda::wgmma_product_built()};
}

void check_operands(const CudaRows& x, const CudaWeight& weight, const at::Tensor& bias, const at::Tensor& y_MO) {
  FREEACT_CHECK(x.width == weight.width && x.codes_MP.size(1) == weight.codes_OP.size(1),
                "tokens of width {} came to weights of width {}", x.width, weight.width);
  FREEACT_CHECK(y_MO.dim() == 2 && y_MO.size(0) == x.rows() && y_MO.size(1) == weight.outputs,
                "the output does not have {} rows of {}", x.rows(), weight.outputs);
  FREEACT_CHECK(!bias.defined() || (bias.numel() == weight.outputs && bias.scalar_type() == at::kFloat),
                "a bias of {} for {} outputs", bias.numel(), weight.outputs);
}

}  // namespace

void cuda_linear(const CudaRows& x, const CudaWeight& weight, const at::Tensor& bias, at::Tensor& y_MO, bool add) {
  cuda_linear_by(best_route(question_of(x, weight, y_MO, add)), x, weight, bias, y_MO, add);
}

void cuda_linear_by(CudaRoute route, const CudaRows& x, const CudaWeight& weight, const at::Tensor& bias,
                    at::Tensor& y_MO, bool add) {
  check_operands(x, weight, bias, y_MO);
  check_route(route, question_of(x, weight, y_MO, add));
  const c10::cuda::CUDAGuard guard(x.codes_MP.device());
  cuda::check(run(route, x, weight, scaling_of(x, weight, bias, add), output_of(y_MO),
                  cuda::current_stream(x.codes_MP.device())),
              "a product of codes");
}

at::Tensor cuda_integer_products(CudaRoute route, const CudaRows& x, const CudaWeight& weight) {
  FREEACT_CHECK(route != CudaRoute::kWgmma, "this route has no integers as its output");
  at::Tensor y_MO = at::empty({x.rows(), weight.outputs}, x.codes_MP.options().dtype(at::kInt));
  cuda_linear_by(route, x, weight, {}, y_MO);
  return y_MO;
}

at::Tensor cuda_integer_products_simple(const CudaRows& x, const CudaWeight& weight) {
  constexpr int64_t kFewestRows = 17, kMultiple = 8;  // that at::_int_mm takes
  if (x.rows() >= kFewestRows && weight.outputs % kMultiple == 0) return at::_int_mm(x.codes_MP, weight.codes_OP.t());
  return at::matmul(x.codes_MP.to(at::kDouble), weight.codes_OP.to(at::kDouble).t()).to(at::kInt);
}

}  // namespace freeact
