// Many tokens on Hopper: CUTLASS's pipeline of TMA loads and wgmma on int8, the scales and the bias in its epilogue.
#include "kernel/cuda/kernels.h"

#ifdef FREEACT_CUTLASS

#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/epilogue/fusion/sm90_callbacks_tma_warpspecialized.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>
#include <cutlass/util/packed_stride.hpp>

namespace freeact::cuda {
namespace {

namespace fusion = cutlass::epilogue::fusion;
using cute::_0;
using cute::_1;
using cute::_128;
using cute::_2;
using cute::_256;
using cute::_64;
using cute::Int;
using cute::Shape;
using cute::Stride;

constexpr auto kNearest = cutlass::FloatRoundStyle::round_to_nearest;
constexpr int kCodeAlignment = 16;  // int8 in 16 bytes, as TMA asks for

// Large tiles for many tokens, small ones so that few fill the device too.
struct LargeTile {
  using Tile = Shape<_128, _256, _128>;
  using Cluster = Shape<_2, _1, _1>;
  using Mainloop = cutlass::gemm::KernelTmaWarpSpecializedCooperative;
  using Epilogue = cutlass::epilogue::TmaWarpSpecializedCooperative;
};
struct SmallTile {
  using Tile = Shape<_64, _128, _128>;
  using Cluster = Shape<_1, _1, _1>;
  using Mainloop = cutlass::gemm::KernelTmaWarpSpecializedPingpong;
  using Epilogue = cutlass::epilogue::TmaWarpSpecialized;
};

// (scale_m scale_o) sum + bias_o
template <class Element, class Tile>
struct ScaledSum {
  using ScaleM = fusion::Sm90ColBroadcast<0, Tile, float, float, Stride<_1, _0, _0>>;
  using ScaleO = fusion::Sm90RowBroadcast<0, Tile, float, float, Stride<_0, _1, _0>>;
  using Bias = fusion::Sm90RowBroadcast<0, Tile, float, float, Stride<_0, _1, _0>>;  // a null pointer is zeros
  using Scale = fusion::Sm90EVT<fusion::Sm90Compute<cutlass::multiplies, float, float, kNearest>, ScaleM, ScaleO>;
  using Type = fusion::Sm90EVT<fusion::Sm90Compute<cutlass::homogeneous_multiply_add, Element, float, kNearest>, Scale,
                               fusion::Sm90AccFetch, Bias>;
};

template <class Element, class Config>
struct Kernel {
  static constexpr int kOutputAlignment = 16 / static_cast<int>(sizeof(Element));
  using Tile = typename Config::Tile;
  using Sum = typename ScaledSum<Element, Tile>::Type;
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Tile, typename Config::Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, int32_t, float, void, cutlass::layout::RowMajor,
      kOutputAlignment, Element, cutlass::layout::RowMajor, kOutputAlignment, typename Config::Epilogue,
      Sum>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, int8_t, cutlass::layout::RowMajor, kCodeAlignment, int8_t,
      cutlass::layout::ColumnMajor, kCodeAlignment, int32_t, Tile, typename Config::Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(sizeof(typename Epilogue::SharedStorage))>,
      typename Config::Mainloop>::CollectiveOp;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<
      cutlass::gemm::kernel::GemmUniversal<Shape<int, int, int, int>, Mainloop, Epilogue>>;

  static typename Gemm::Arguments arguments(const Product& p, const Scaling& s, const Output& y) {
    const int k = static_cast<int>(p.k_bytes);
    const auto stride_x = cutlass::make_cute_packed_stride(typename Gemm::GemmKernel::StrideA{}, {p.rows, k, 1});
    const auto stride_w = cutlass::make_cute_packed_stride(typename Gemm::GemmKernel::StrideB{}, {p.outputs, k, 1});
    const auto stride_y =
        cutlass::make_cute_packed_stride(typename Gemm::GemmKernel::StrideD{}, {p.rows, p.outputs, 1});
    typename Sum::Arguments sum = {{{s.scale_m, 0.0f, {}}, {s.scale_o, 0.0f, {}}, {}}, {}, {s.bias_o, 0.0f, {}}, {}};
    return {cutlass::gemm::GemmUniversalMode::kGemm,
            {p.rows, p.outputs, k, 1},
            {p.x, stride_x, p.w, stride_w},
            {sum, nullptr, {}, static_cast<Element*>(y.data), stride_y}};
  }

  static size_t workspace_bytes(const Product& p, const Output& y) {
    return Gemm::get_workspace_size(arguments(p, {}, y));
  }

  static cudaError_t run(const Product& p, const Scaling& s, const Output& y, void* workspace, cudaStream_t stream) {
    const auto all = arguments(p, s, y);
    if (Gemm::can_implement(all) != cutlass::Status::kSuccess) return cudaErrorInvalidValue;
    Gemm gemm;
    if (gemm.initialize(all, workspace, stream) != cutlass::Status::kSuccess) return cudaErrorInvalidConfiguration;
    if (gemm.run(stream) == cutlass::Status::kSuccess) return cudaSuccess;
    const cudaError_t error = cudaGetLastError();
    return error == cudaSuccess ? cudaErrorLaunchFailure : error;
  }
};

constexpr int kFewRows = 512;

// fn(kernel) with the instance for the shape.
template <class Fn>
auto with_kernel(const Product& p, const Output& y, const Fn& fn) {
  const bool few = p.rows <= kFewRows, wide = y.kind == OutputKind::kFloat32;
  if (wide) return few ? fn(Kernel<float, SmallTile>()) : fn(Kernel<float, LargeTile>());
  return few ? fn(Kernel<cutlass::bfloat16_t, SmallTile>()) : fn(Kernel<cutlass::bfloat16_t, LargeTile>());
}

}  // namespace

bool wgmma_product_built() {
  return true;
}

size_t wgmma_workspace_bytes(const Product& product, const Output& y) {
  return with_kernel(product, y, [&](auto kernel) { return decltype(kernel)::workspace_bytes(product, y); });
}

cudaError_t wgmma_product(const Product& product, const Scaling& scaling, const Output& y, void* workspace,
                          cudaStream_t stream) {
  if (!wgmma_product_fits(product, scaling, y)) return cudaErrorInvalidValue;
  if (product.rows == 0 || product.outputs == 0) return cudaSuccess;
  return with_kernel(product, y,
                     [&](auto kernel) { return decltype(kernel)::run(product, scaling, y, workspace, stream); });
}

}  // namespace freeact::cuda

#else

namespace freeact::cuda {

bool wgmma_product_built() {
  return false;
}
size_t wgmma_workspace_bytes(const Product&, const Output&) {
  return 0;
}
cudaError_t wgmma_product(const Product&, const Scaling&, const Output&, void*, cudaStream_t) {
  return cudaErrorNotSupported;
}

}  // namespace freeact::cuda

#endif

namespace freeact::cuda {

bool wgmma_product_fits(const Product& p, const Scaling& s, const Output& y) {
  const int alignment = y.kind == OutputKind::kBfloat16 ? 8 : 4;  // elements in 16 bytes
  const auto aligned = [](const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; };
  return y.kind != OutputKind::kInt32 && !s.zero_m && !s.offset_o && !s.add && s.scale_m && s.scale_o &&
         p.outputs % alignment == 0 && p.k_bytes % kKMultiple == 0 && p.k_bytes > 0 && aligned(p.x) && aligned(p.w) &&
         aligned(y.data);
}

}  // namespace freeact::cuda
