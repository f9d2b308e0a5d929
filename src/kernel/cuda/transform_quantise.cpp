#include "kernel/cuda/transform_quantise.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>

#include "kernel/cuda/call.h"
#include "kernel/cuda/kernels.h"

namespace freeact {
namespace {

constexpr int64_t kAlignment = 16;

// Of a type and in a place that the kernel can read.
at::Tensor readable(const at::Tensor& x_MD) {
  const bool known = x_MD.scalar_type() == at::kFloat || x_MD.scalar_type() == at::kBFloat16;
  const at::Tensor plain = (known ? x_MD : x_MD.to(at::kFloat)).contiguous();
  return reinterpret_cast<uintptr_t>(plain.const_data_ptr()) % kAlignment == 0 ? plain : plain.clone();
}

cuda::ClipFactors factors_of(const Clip& clip) {
  if (!clip.max.defined()) return {};
  FREEACT_CHECK(clip.max.numel() == clip.min.numel(), "a clip has {} factors above and {} below", clip.max.numel(),
                clip.min.numel());
  return {clip.max.const_data_ptr<float>(), clip.min.const_data_ptr<float>(), static_cast<int>(clip.max.numel())};
}

// All views' results in one allocation each: [views, groups, M, ..].
struct Results {
  at::Tensor codes, scale, zero, sum;

  Results(int64_t views, int64_t groups, int64_t rows, int64_t padded, bool symmetric, const at::TensorOptions& options)
      : codes(at::empty({views, groups, rows, padded}, options.dtype(at::kChar))),
        scale(at::empty({views, groups, rows}, options.dtype(at::kFloat))),
        zero(symmetric ? at::Tensor() : at::empty({views, groups, rows}, options.dtype(at::kInt))),
        sum(at::empty({views, groups, rows}, options.dtype(at::kInt))) {}

  CudaRows rows(int64_t view, int64_t group, int64_t width) const {
    const auto part = [&](const at::Tensor& t) { return t.defined() ? t[view][group] : t; };
    return {width, part(codes), part(scale), part(zero), part(sum)};
  }
};

int64_t padded(int64_t width) {
  return (width + cuda::kKMultiple - 1) / cuda::kKMultiple * cuda::kKMultiple;
}

// Cuts a group that has one range into narrower pieces.
void split_rows(const CudaRows& rows, int64_t piece, CudaPieces& pieces) {
  if (rows.width == piece) {
    pieces.push_back(rows);
    return;
  }
  for (int64_t begin = 0; begin < rows.width; begin += piece) {
    const at::Tensor codes = rows.codes_MP.narrow(1, begin, piece);
    pieces.push_back({piece, at::constant_pad_nd(codes, {0, padded(piece) - piece}).contiguous(), rows.scale_M,
                      rows.zero_M, codes.sum(1, /*keepdim=*/false, at::kInt)});
  }
}

}  // namespace

Clip clip_on(const Clip& clip, at::Device device) {
  if (!clip.max.defined()) return {};
  const auto moved = [&](const at::Tensor& t) { return t.detach().to(device, at::kFloat).reshape({-1}).contiguous(); };
  return {moved(clip.max), moved(clip.min)};
}

CudaTransformQuantise::CudaTransformQuantise(const TransformChain& chain, const Grid& grid, int64_t width,
                                             int64_t piece, at::Device device)
    : program_(make_program(chain, width, device)),
      grid_(grid),
      width_(width),
      piece_(piece),
      device_(cuda_device(device)) {
  FREEACT_CHECK(grid.bits >= 2 && grid.bits <= 8, "codes of {} bits do not fit a byte", grid.bits);
  FREEACT_CHECK(width % piece == 0 && width / grid.num_groups(width) % piece == 0,
                "pieces of {} channels do not fit the width {}", piece, width);
}

std::vector<CudaPieces> CudaTransformQuantise::operator()(const at::Tensor& x_MD, const at::Tensor& types_M,
                                                          const std::vector<Clip>& clips) const {
  FREEACT_CHECK(x_MD.dim() == 2 && x_MD.size(1) == width_, "rows of width {} came to a site of width {}", x_MD.size(-1),
                width_);
  const c10::cuda::CUDAGuard guard(x_MD.device());
  const at::Tensor x = readable(x_MD);
  const at::Tensor types = types_M.defined() ? types_M.to(x.device(), at::kLong).contiguous() : types_M;
  FREEACT_CHECK(!types.defined() || types.numel() == x.size(0), "{} token types for {} tokens", types.numel(),
                x.size(0));
  const int64_t rows = x.size(0), groups = grid_.num_groups(width_), group = width_ / groups;
  const cuda::RowsIn in = {x.const_data_ptr(), x.scalar_type() == at::kBFloat16,
                           types.defined() ? types.const_data_ptr<int64_t>() : nullptr, rows, static_cast<int>(width_)};
  const cuda::RowPlan plan = cuda::plan_rows(program_.program, rows, static_cast<int>(width_), device_.limits);
  at::Tensor scratch;
  if (plan.scratch_bytes > 0)
    scratch = at::empty({static_cast<int64_t>(plan.scratch_bytes / sizeof(float))}, x.options().dtype(at::kFloat));
  std::vector<CudaPieces> all;
  for (size_t first = 0; first < clips.size(); first += cuda::kMostViews) {
    const size_t views = std::min<size_t>(cuda::kMostViews, clips.size() - first);
    cuda::ClipFactors factors[cuda::kMostViews];
    for (size_t i = 0; i < views; ++i) factors[i] = factors_of(clips[first + i]);
    const Results results(static_cast<int64_t>(views), groups, rows, padded(group), grid_.symmetric, x.options());
    const cuda::RowsOut out = {results.codes.data_ptr<int8_t>(),
                               results.scale.data_ptr<float>(),
                               grid_.symmetric ? nullptr : results.zero.data_ptr<int32_t>(),
                               results.sum.data_ptr<int32_t>(),
                               static_cast<int>(groups),
                               static_cast<int>(padded(group))};
    cuda::check(cuda::transform_quantise(
                    in, program_.program, plan, {grid_.bits, grid_.symmetric}, factors, static_cast<int>(views), out,
                    scratch.defined() ? scratch.data_ptr<float>() : nullptr, cuda::current_stream(x.device())),
                "quantising a site's input");
    for (size_t view = 0; view < views; ++view) {
      CudaPieces& pieces = all.emplace_back();
      for (int64_t g = 0; g < groups; ++g)
        split_rows(results.rows(static_cast<int64_t>(view), g, group), piece_, pieces);
    }
  }
  return all;
}

}  // namespace freeact
