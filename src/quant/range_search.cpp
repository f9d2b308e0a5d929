#include "quant/range_search.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "quant/row_kernels.h"

namespace freeact {
namespace {

constexpr int kGrid = 100;
constexpr int kSteps = 80;  // ranges down to 1 - 0.8
constexpr double kNorm = 2.4;

double shrink(int step) {
  return 1.0 - static_cast<double>(step) / kGrid;
}

// No smallest range here, as in the reference.
Scale scale_of(const at::Tensor& high_R1, const at::Tensor& low_R1, const Grid& grid) {
  if (grid.symmetric) return {high_R1 / grid.highest(), {}};
  Scale s{(high_R1 - low_R1) / grid.highest(), {}};
  s.zero = at::round(-low_R1 / s.scale);
  return s;
}

// The same of one row, in the same steps.
struct RowScale {
  float scale, zero;

  RowScale(float high, float low, const Grid& grid)
      : scale((grid.symmetric ? high : high - low) / static_cast<float>(grid.highest())),
        zero(grid.symmetric ? 0.0f : std::nearbyint(-low / scale)) {}
  RowRounding rounding(const Grid& grid) const {
    return {{}, {static_cast<float>(grid.lowest()) - zero, static_cast<float>(grid.highest()) - zero}, scale};
  }
};

// Leaves what it is given where no candidate has an error. Whether another candidate comes so close to the best that
// the errors' own rounding would decide, or the best is no error at all, which several may reach.
bool search_row(const float* weight, int64_t width, float high, float low, const Grid& grid, float& scale,
                float* zero) {
  constexpr float kClose = 1 + 1e-5f;
  std::array<float, kSteps> errors{};
  float best = std::numeric_limits<float>::infinity();
  for (int step = 0; step < kSteps; ++step) {
    const auto factor = static_cast<float>(shrink(step));
    const RowScale candidate(high * factor, low * factor, grid);
    errors[step] = rounding_error(weight, width, candidate.rounding(grid), static_cast<float>(kNorm));
    if (!(errors[step] < best)) continue;  // strict: the first best wins
    best = errors[step];
    scale = candidate.scale;
    if (zero != nullptr) *zero = candidate.zero;
  }
  const double nothing = 1e-33 * static_cast<double>(width) * std::pow(static_cast<double>(scale), kNorm);
  return best <= nothing || std::ranges::count_if(errors, [&](float error) { return error <= best * kClose; }) > 1;
}

bool takes_rows(const at::Tensor& weight) {
  return weight.scalar_type() == at::kFloat && weight.device().is_cpu() && !weight.requires_grad() &&
         weight.size(-1) > 0;
}

Scale search_rows(const at::Tensor& weight_RD, const at::Tensor& high_R1, const at::Tensor& low_R1, const Grid& grid,
                  const Scale& plain) {
  const at::Tensor weight = weight_RD.contiguous(), high = high_R1.contiguous(), low = low_R1.contiguous();
  Scale best{plain.scale.clone(at::MemoryFormat::Contiguous), {}};
  if (plain.zero.defined()) best.zero = plain.zero.clone(at::MemoryFormat::Contiguous);
  const float *from = weight.const_data_ptr<float>(), *highs = high.const_data_ptr<float>(),
              *lows = low.const_data_ptr<float>();
  float* scales = best.scale.mutable_data_ptr<float>();
  float* zeros = best.zero.defined() ? best.zero.mutable_data_ptr<float>() : nullptr;
  const int64_t width = weight.size(1);
  at::Tensor close = at::zeros({weight.size(0)}, at::kBool);
  bool* is_close = close.mutable_data_ptr<bool>();
  at::parallel_for(0, weight.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      is_close[r] =
          search_row(from + r * width, width, highs[r], lows[r], grid, scales[r], zeros ? zeros + r : nullptr);
  });
  // Candidates that are as good as equal are ranked as the reference ranks them.
  if (const at::Tensor rows = close.nonzero().flatten(); rows.numel() > 0) {
    const auto of = [&](const at::Tensor& x) { return x.defined() ? x.index_select(0, rows) : x; };
    const Scale ranked = search_scale_naive(of(weight), of(high), of(low), grid, {of(plain.scale), of(plain.zero)});
    best.scale.index_copy_(0, rows, ranked.scale);
    if (best.zero.defined()) best.zero.index_copy_(0, rows, ranked.zero);
  }
  return best;
}

}  // namespace

Scale search_scale(const at::Tensor& weight_RD, const at::Tensor& high_R1, const at::Tensor& low_R1, const Grid& grid,
                   const Scale& plain) {
  return takes_rows(weight_RD) ? search_rows(weight_RD, high_R1, low_R1, grid, plain)
                               : search_scale_naive(weight_RD, high_R1, low_R1, grid, plain);
}

Scale search_scale_naive(const at::Tensor& weight_RD, const at::Tensor& high_R1, const at::Tensor& low_R1,
                         const Grid& grid, const Scale& plain) {
  Scale best = plain;
  at::Tensor best_error = at::full_like(high_R1, std::numeric_limits<float>::infinity());
  for (int step = 0; step < kSteps; ++step) {
    const Scale candidate = scale_of(high_R1 * shrink(step), low_R1 * shrink(step), grid);
    const at::Tensor error =
        (fake_quantise(weight_RD, candidate, grid) - weight_RD).abs().pow(kNorm).sum(-1, /*keepdim=*/true);
    const at::Tensor better = error < best_error;  // strict: the first best wins
    best_error = at::where(better, error, best_error);
    best.scale = at::where(better, candidate.scale, best.scale);
    if (best.zero.defined()) best.zero = at::where(better, candidate.zero, best.zero);
  }
  return best;
}

}  // namespace freeact
