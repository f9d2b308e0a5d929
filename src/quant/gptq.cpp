#include "quant/gptq.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "util/error.h"

namespace freeact {
namespace {

// The upper triangular U [I, I] with H^-1 = U^T U, in float64. By one factorisation: from the end to the front,
// H = R R^T with R upper triangular, hence U = R^-1.
at::Tensor inverse_factor(const at::Tensor& hessian_II, double damping) {
  const auto [lower, info] = at::linalg_cholesky_ex(hessian_II.flip({0, 1}));
  const at::Tensor diagonal = hessian_II.diagonal().flip({0}), pivots = lower.diagonal().square();
  // What remains of a diagonal element of a singular matrix is rounding error, of either sign.
  const double noise = static_cast<double>(hessian_II.size(0)) * std::numeric_limits<double>::epsilon();
  if (info.item<int>() != 0 || !(pivots > noise * diagonal).all().item<bool>())
    throw UserError(
        "GPTQ: the Hessian of the {} inputs is not positive definite at damping {}: raise the damping, or calibrate on "
        "more tokens",
        hessian_II.size(0), damping);
  const at::Tensor upper = lower.flip({0, 1});
  return at::linalg_solve_triangular(upper, at::eye(upper.size(0), upper.options()), /*upper=*/true);
}

void check_arguments(const at::Tensor& weight_OI, const at::Tensor& hessian_II, const GptqSettings& s) {
  const int64_t width = weight_OI.size(1);
  FREEACT_CHECK(hessian_II.dim() == 2 && hessian_II.size(0) == width && hessian_II.size(1) == width,
                "a Hessian of another width than the weight's {} inputs", width);
  FREEACT_CHECK(s.block_size > 0 && s.group_size >= 0 && s.damping >= 0, "block size {}, group size {}, damping {}",
                s.block_size, s.group_size, s.damping);
  if (!weight_OI.isfinite().all().item<bool>()) throw UserError("GPTQ: the weight is not finite: check the checkpoint");
  if (!hessian_II.isfinite().all().item<bool>())
    throw UserError("GPTQ: the Hessian of the inputs is not finite: a calibration input overflowed or is NaN");
}

// Rounds all columns of one weight. Positions count columns in the order of rounding. Tensors are kept [I, O], so that
// a column is contiguous.
class ColumnRounding {
 public:
  ColumnRounding(const at::Tensor& weight_OI, const at::Tensor& hessian_II, const Grid& grid,
                 const GptqSettings& settings)
      : grid_(grid.without_groups()), settings_(settings), width_(weight_OI.size(1)) {
    check_arguments(weight_OI, hessian_II, settings);
    at::Tensor hessian = hessian_II.to(at::kDouble).clone();
    const at::Tensor dead = hessian.diagonal() == 0;
    hessian.diagonal().masked_fill_(dead, 1.0);
    weight_IO_ = weight_OI.detach().to(at::kFloat).t().masked_fill(dead.unsqueeze(1), 0.0).contiguous();
    order_ = settings.act_order ? hessian.diagonal().argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true)
                                : left_to_right();
    group_of_position_ = at::zeros_like(order_);
    hessian = hessian.index_select(0, order_).index_select(1, order_);
    hessian.diagonal().add_(settings.damping * hessian.diagonal().mean());
    factor_II_ = inverse_factor(hessian, settings.damping).to(at::kFloat);
  }

  // Ranges [O, G] of neighbouring columns, found already.
  void use_scale(const Scale& scale) {
    scale_ = scale;
    const int64_t num_groups = scale.scale.size(1);
    FREEACT_CHECK(width_ % num_groups == 0, "{} ranges for {} columns", num_groups, width_);
    group_of_position_ = order_.div(width_ / num_groups, "floor");
  }

  // Ranges by group: all of them now, or each in its turn.
  void use_groups(const WeightClip& clip) {
    clip_ = clip;
    const int64_t size = settings_.group_size;
    const at::Tensor column = settings_.static_groups ? order_ : left_to_right();
    group_of_position_ = column.div(size, "floor");
    const int64_t num_groups = (width_ + size - 1) / size;
    scale_.scale = at::zeros({weight_IO_.size(1), num_groups}, weight_IO_.options());
    if (!grid_.symmetric) scale_.zero = at::zeros_like(scale_.scale);
    finds_groups_in_turn_ = !settings_.static_groups;
    for (int64_t group = 0; settings_.static_groups && group < num_groups; ++group) find_group(group);
  }

  GptqWeight run() {
    weight_IO_ = weight_IO_.index_select(0, order_);
    codes_IO_ = at::empty_like(weight_IO_);
    for (int64_t begin = 0; begin < width_; begin += settings_.block_size)
      round_block(begin, std::min(begin + settings_.block_size, width_));
    const at::Tensor position_of_column = order_.argsort();
    const auto dtype = grid_.symmetric ? at::kChar : at::kByte;
    return {codes_IO_.index_select(0, position_of_column).t().to(dtype).contiguous(), scale_,
            group_of_position_.index_select(0, position_of_column)};
  }

 private:
  at::Tensor left_to_right() const { return at::arange(width_, weight_IO_.options().dtype(at::kLong)); }

  void find_group(int64_t group) {
    const int64_t begin = group * settings_.group_size;
    const Scale own = weight_scale(weight_IO_.slice(0, begin, begin + settings_.group_size).t(), grid_, clip_);
    scale_.scale.slice(1, group, group + 1).copy_(own.scale);
    if (own.zero.defined()) scale_.zero.slice(1, group, group + 1).copy_(own.zero);
  }

  Scale scale_at(int64_t position) const {
    const int64_t group = group_of_position_[position].item<int64_t>();
    const auto column = [&](const at::Tensor& t) { return t.defined() ? t.slice(1, group, group + 1) : t; };
    return {column(scale_.scale), column(scale_.zero)};
  }

  // Columns begin .. end - 1. Their updates of each other are made at once, those of all later columns at the end
  // (section 3.3, step 2).
  void round_block(int64_t begin, int64_t end) {
    at::Tensor block = weight_IO_.slice(0, begin, end).clone(), errors = at::empty_like(block);
    for (int64_t i = 0; i < end - begin; ++i) {
      const int64_t position = begin + i;
      if (finds_groups_in_turn_ && position % settings_.group_size == 0) find_group(position / settings_.group_size);
      const Scale scale = scale_at(position);
      const at::Tensor column = block[i].unsqueeze(1), codes = quantise(column, scale, grid_);
      codes_IO_[position].copy_(codes.squeeze(1));
      errors[i].copy_(((column - dequantise(codes, scale)) / factor_II_[position][position]).squeeze(1));
      block.slice(0, i + 1).addr_(factor_II_[position].slice(0, position + 1, end), errors[i], 1, -1);
    }
    if (!errors.isfinite().all().item<bool>())
      throw UserError("GPTQ: updated weights overflow at damping {}: raise the damping", settings_.damping);
    const at::Tensor to_later = factor_II_.slice(0, begin, end).slice(1, end);
    weight_IO_.slice(0, end).sub_(at::matmul(to_later.t(), errors));
  }

  const Grid grid_;
  const GptqSettings settings_;
  const int64_t width_;
  WeightClip clip_;
  bool finds_groups_in_turn_ = false;
  at::Tensor weight_IO_;          // what remains to be rounded
  at::Tensor order_;              // [I], the column at a position
  at::Tensor group_of_position_;  // [I]
  at::Tensor factor_II_;
  Scale scale_;  // [O, G]
  at::Tensor codes_IO_;
};

}  // namespace

GptqHessian::GptqHessian(int64_t width, at::Device device)
    : hessian_II_(at::zeros({width, width}, at::TensorOptions(at::kDouble).device(device))) {}

void GptqHessian::add(const at::Tensor& x_BTI) {
  const at::Tensor x = x_BTI.detach().reshape({-1, x_BTI.size(-1)}).to(at::kDouble);
  const int64_t added = x_BTI.dim() == 2 ? 1 : x_BTI.size(0), total = num_sequences_ + added;
  if (added == 0) return;
  hessian_II_.mul_(static_cast<double>(num_sequences_) / static_cast<double>(total));
  hessian_II_.addmm_(x.t(), x, 1, 2.0 / static_cast<double>(total));
  num_sequences_ = total;
}

at::Tensor GptqWeight::weight() const {
  const auto by_column = [&](const at::Tensor& t) { return t.defined() ? t.index_select(1, group_of_column) : t; };
  return dequantise(codes.to(at::kFloat), {by_column(scale.scale), by_column(scale.zero)});
}

GptqWeight gptq(const at::Tensor& weight_OI, const at::Tensor& hessian_II, const Grid& grid, const WeightClip& clip,
                const GptqSettings& settings) {
  if (settings.group_size == 0)
    return gptq(weight_OI, hessian_II, grid,
                weight_scale(weight_OI.detach().to(at::kFloat), grid.without_groups(), clip), settings);
  ColumnRounding rounding(weight_OI, hessian_II, grid, settings);
  rounding.use_groups(clip);
  return rounding.run();
}

GptqWeight gptq(const at::Tensor& weight_OI, const at::Tensor& hessian_II, const Grid& grid, const Scale& scale,
                const GptqSettings& settings) {
  FREEACT_CHECK(settings.group_size == 0, "given ranges and groups of {}", settings.group_size);
  ColumnRounding rounding(weight_OI, hessian_II, grid, settings);
  rounding.use_scale(scale);
  return rounding.run();
}

}  // namespace freeact
