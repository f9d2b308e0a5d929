#include "quant/fused_quantise.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "ops/plain_rows.h"
#include "quant/row_kernels.h"

namespace freeact {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Clip factors [1] for all rows or one for each row.
class RowFactors {
 public:
  explicit RowFactors(const at::Tensor& factors) : plain_(factors.contiguous()), step_(plain_.numel() == 1 ? 0 : 1) {}
  float operator[](int64_t row) const { return plain_.const_data_ptr<float>()[row * step_]; }

 private:
  at::Tensor plain_;
  int64_t step_;
};

// Gradients by row, summed where all rows share one factor.
at::Tensor gradient_of_factors(const at::Tensor& by_row, const at::Tensor& factors) {
  return factors.numel() == 1 ? by_row.sum().reshape(factors.sizes()) : by_row.reshape(factors.sizes());
}

// Shares of a symmetric range's two ends in the gradient of max(|low|, high); equal ends get half each.
Bounds split_between_ends(const Bounds& range, float gradient) {
  const float low = -range.low;
  if (low == range.high) return {-gradient / 2, gradient / 2};
  return low > range.high ? Bounds{-gradient, 0} : Bounds{0, gradient};
}

// The clipped range of a token, widened to hold 0, and what it makes of the token.
struct ActivationRow {
  Bounds widened, range;
  RowRounding rounding;

  ActivationRow(const float* x, int64_t width, float factor_low, float factor_high, const Bounds& codes) {
    const Bounds found = row_bounds(x, width);
    widened = {std::min(found.low, 0.0f), std::max(found.high, 0.0f)};
    range = {widened.low * factor_low, widened.high * factor_high};
    const float largest = std::max(-range.low, range.high);
    rounding = {{}, codes, largest == 0 ? 1.0f : largest / codes.high};
  }
  bool empty() const { return range.low == 0 && range.high == 0; }
};

// The clipped range of a weight's row: clip is the interval that elements are clamped to, range what remains of them.
struct WeightRow {
  static constexpr float kSmallestRange = 1e-5f;
  Bounds found, remaining;
  RowRounding rounding;
  bool crossed = false, tiny = false;

  WeightRow(const float* weight, int64_t width, float factor_low, float factor_high, const Bounds& codes) {
    found = row_bounds(weight, width);
    Bounds clip = {found.low * factor_low, found.high * factor_high};
    crossed = clip.low > clip.high;  // the upper bound wins
    clip.low = std::min(clip.low, clip.high);
    remaining = {std::clamp(found.low, clip.low, clip.high), std::clamp(found.high, clip.low, clip.high)};
    const float largest = std::max(-std::min(remaining.low, 0.0f), std::max(remaining.high, 0.0f));
    tiny = largest < kSmallestRange;
    rounding = {clip, codes, std::max(largest, kSmallestRange) / codes.high};
  }
  Bounds widened() const { return {std::min(remaining.low, 0.0f), std::max(remaining.high, 0.0f)}; }
};

// Gradients of one row's two factors, and of the row.
Bounds activation_gradient(const ActivationRow& row, float factor_low, float factor_high, const float* x,
                           const float* grad_y, int64_t width, float* grad_x) {
  const float of_scale = round_row_gradient(x, grad_y, width, row.rounding, grad_x).scale;
  if (row.empty()) return {0, 0};  // its scale is constant
  const Bounds ends = split_between_ends(row.range, of_scale / row.rounding.codes.high);
  // An end that is 0 was not met in the token unless the token holds a 0, which then takes the gradient.
  if (ends.low != 0) add_among_equal(x, width, row.widened.low, ends.low * factor_low, grad_x);
  if (ends.high != 0) add_among_equal(x, width, row.widened.high, ends.high * factor_high, grad_x);
  return {ends.low * row.widened.low, ends.high * row.widened.high};
}

// Adds the gradient of a bound of the clamped row to the first element that attains it: to the element itself, or to
// the end of the interval that it was clamped to.
void add_to_attaining(const WeightRow& row, const float* weight, int64_t width, float value, float gradient,
                      float* grad_weight, Bounds& of_clip) {
  if (gradient == 0) return;
  const Bounds& clip = row.rounding.clip;
  const int64_t index = first_equal(weight, width, clip, value);
  if (index == width) return;  // NaN
  if (weight[index] > clip.high)
    of_clip.high += gradient;
  else if (weight[index] < clip.low)
    of_clip.low += gradient;
  else
    grad_weight[index] += gradient;
}

Bounds weight_gradient(const WeightRow& row, float factor_low, float factor_high, const float* weight,
                       const float* grad_y, int64_t width, float* grad_weight) {
  const RoundingGradient plain = round_row_gradient(weight, grad_y, width, row.rounding, grad_weight);
  Bounds of_clip = plain.clip;
  const Bounds ends = split_between_ends(row.widened(), row.tiny ? 0 : plain.scale / row.rounding.codes.high);
  if (row.remaining.high > 0) add_to_attaining(row, weight, width, row.remaining.high, ends.high, grad_weight, of_clip);
  if (row.remaining.low < 0) add_to_attaining(row, weight, width, row.remaining.low, ends.low, grad_weight, of_clip);
  if (row.crossed) of_clip = {0, of_clip.low + of_clip.high};
  const int64_t lowest = of_clip.low == 0 ? width : first_equal(weight, width, {}, row.found.low);
  const int64_t highest = of_clip.high == 0 ? width : first_equal(weight, width, {}, row.found.high);
  if (lowest < width) grad_weight[lowest] += of_clip.low * factor_low;
  if (highest < width) grad_weight[highest] += of_clip.high * factor_high;
  return {of_clip.low * row.found.low, of_clip.high * row.found.high};
}

// What differs between activations and weights: the range of a row and its gradient.
struct ActivationRule {
  using Row = ActivationRow;
  static constexpr auto kGradient = activation_gradient;
};
struct WeightRule {
  using Row = WeightRow;
  static constexpr auto kGradient = weight_gradient;
};

template <typename Rule>
at::Tensor quantise_rows(const at::Tensor& x, const at::Tensor& low, const at::Tensor& high, const Bounds& codes) {
  at::Tensor y = at::empty_like(x);
  const int64_t width = x.size(-1), rows = x.numel() / width;
  const RowFactors lows(low), highs(high);
  const auto* from = x.const_data_ptr<float>();
  auto* to = y.mutable_data_ptr<float>();
  at::parallel_for(0, rows, rows_of_a_task(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = from + r * width;
      round_row(row, width, typename Rule::Row(row, width, lows[r], highs[r], codes).rounding, to + r * width);
    }
  });
  return y;
}

template <typename Rule>
class FusedQuantise : public torch::autograd::Function<FusedQuantise<Rule>> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& low,
                            const at::Tensor& high, double lowest_code, double highest_code) {
    context->save_for_backward({x, low, high});
    context->saved_data["lowest_code"] = lowest_code;
    context->saved_data["highest_code"] = highest_code;
    return quantise_rows<Rule>(x, low, high, {static_cast<float>(lowest_code), static_cast<float>(highest_code)});
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], grad_y = grads[0].contiguous();
    const Bounds codes = {static_cast<float>(context->saved_data["lowest_code"].toDouble()),
                          static_cast<float>(context->saved_data["highest_code"].toDouble())};
    const int64_t width = x.size(-1), rows = x.numel() / width;
    const RowFactors lows(saved[1]), highs(saved[2]);
    at::Tensor grad_x = at::empty_like(x), grad_low = at::empty({rows}, x.options()), grad_high = grad_low.clone();
    const float *from = x.const_data_ptr<float>(), *from_y = grad_y.const_data_ptr<float>();
    float *to_x = grad_x.mutable_data_ptr<float>(), *to_low = grad_low.mutable_data_ptr<float>(),
          *to_high = grad_high.mutable_data_ptr<float>();
    at::parallel_for(0, rows, rows_of_a_task(width), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t at = r * width;
        const typename Rule::Row row(from + at, width, lows[r], highs[r], codes);
        const Bounds factors = Rule::kGradient(row, lows[r], highs[r], from + at, from_y + at, width, to_x + at);
        to_low[r] = factors.low;
        to_high[r] = factors.high;
      }
    });
    return {grad_x, gradient_of_factors(grad_low, saved[1]), gradient_of_factors(grad_high, saved[2]), {}, {}};
  }
};

template <typename Rule>
at::Tensor apply(const at::Tensor& x, const Grid& grid, const Clip& clip) {
  const at::Tensor one = at::ones({1}, x.options().requires_grad(false));
  return FusedQuantise<Rule>::apply(x, clip.max.defined() ? clip.min : one, clip.max.defined() ? clip.max : one,
                                    grid.lowest(), grid.highest());
}

bool plain_floats(const at::Tensor& x) {
  return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.layout() == at::kStrided;
}

// One factor for all rows or one for each: [.., 1] with the leading sizes of x.
bool fits_rows(const at::Tensor& factors, const at::Tensor& x) {
  if (!factors.defined()) return true;
  if (!plain_floats(factors)) return false;
  if (factors.numel() == 1) return factors.dim() <= x.dim();
  return factors.dim() == x.dim() && factors.size(-1) == 1 && factors.numel() == x.numel() / x.size(-1);
}

}  // namespace

bool can_fuse(const at::Tensor& x, const Grid& grid, const Clip& clip) {
  return grid.symmetric && !grid.is_float() && plain_floats(x) && x.is_contiguous() && x.dim() > 0 && x.numel() > 0 &&
         fits_rows(clip.max, x) && fits_rows(clip.min, x);
}

at::Tensor fused_quantise_activation(const at::Tensor& x, const Grid& grid, const Clip& clip) {
  return apply<ActivationRule>(x, grid, clip);
}

at::Tensor fused_quantise_weight(const at::Tensor& weight_OD, const Grid& grid, const Clip& clip) {
  return apply<WeightRule>(weight_OD, grid, clip);
}

}  // namespace freeact
