#include "quant/quantiser.h"

#include <ATen/ATen.h>

#include "quant/fused_quantise.h"
#include "quant/range_search.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kSmallestWeightRange = 1e-5;

struct Range {
  at::Tensor high, low;
};

// An empty range (0, 0) of an asymmetric grid becomes (-1, 1).
Range open_empty(const Range& range) {
  const at::Tensor empty = at::logical_and(range.high == 0, range.low == 0);
  return {range.high.masked_fill(empty, 1.0), range.low.masked_fill(empty, -1.0)};
}

Scale asymmetric_scale(const Range& range, const Grid& grid, double smallest_range) {
  at::Tensor span = range.high - range.low;
  if (smallest_range > 0) span = span.clamp_min(smallest_range);
  Scale s;
  s.scale = span / grid.highest();
  s.zero = at::round(-range.low / s.scale);  // no gradient through this rounding, as in the reference
  return s;
}

Range row_range(const at::Tensor& weight) {
  const at::Tensor zero = at::zeros({1}, weight.options().requires_grad(false));
  // max(dim) gives the whole gradient to one index where amax would share it among ties.
  return {at::maximum(std::get<0>(weight.max(-1, true)), zero), at::minimum(std::get<0>(weight.min(-1, true)), zero)};
}

// A scale [O, G] for a weight [O, G, D / G].
Scale per_group(const Scale& s) {
  return {s.scale.unsqueeze(-1), s.zero.defined() ? s.zero.unsqueeze(-1) : s.zero};
}

at::Tensor regroup(const at::Tensor& by_range, int64_t num_rows) {
  return by_range.defined() ? by_range.reshape({num_rows, -1}) : by_range;
}

// weight [O, D] -> [O * G, D / G], a row for each range.
at::Tensor rows_of_ranges(const at::Tensor& weight, const Grid& grid) {
  return split_groups(weight, grid.group_size).flatten(0, 1);
}

// One factor for all tokens stays; factors [.., 1] are repeated for every group: [.., G, 1].
at::Tensor for_groups(const at::Tensor& factors, int64_t num_groups) {
  if (!factors.defined() || factors.numel() == 1) return factors;
  return factors.unsqueeze(-1).repeat_interleave(num_groups, -2);
}

Scale scale_of_range(const Range& range, const Grid& grid) {
  if (!grid.symmetric) return asymmetric_scale(open_empty(range), grid, kSmallestWeightRange);
  return {at::maximum(range.low.abs(), range.high).clamp_min(kSmallestWeightRange) / grid.highest(), {}};
}

at::Tensor fake_quantise_rows(const at::Tensor& weight, const Grid& grid, const Clip& clip) {
  return can_fuse(weight, grid, clip) ? fused_quantise_weight(weight, grid, clip)
                                      : fake_quantise_weight_naive(weight, grid, clip);
}

}  // namespace

int64_t Grid::num_groups(int64_t width) const {
  if (group_size == 0) return 1;
  if (group_size < 0 || width % group_size != 0)
    throw UserError("group size {} does not divide the width {}", group_size, width);
  return width / group_size;
}

at::Tensor round_straight_through(const at::Tensor& x) {
  if (!x.requires_grad()) return at::round(x);
  return x + (at::round(x) - x).detach();
}

at::Tensor quantise(const at::Tensor& x, const Scale& s, const Grid& grid) {
  at::Tensor codes = round_straight_through(x / s.scale);
  if (s.zero.defined()) codes = codes + s.zero;
  return codes.clamp(grid.lowest(), grid.highest());
}

at::Tensor dequantise(const at::Tensor& codes, const Scale& s) {
  return s.zero.defined() ? (codes - s.zero) * s.scale : codes * s.scale;
}

at::Tensor fake_quantise(const at::Tensor& x, const Scale& s, const Grid& grid) {
  return dequantise(quantise(x, s, grid), s);
}

Clip Clip::ratio(double value) {
  if (value == 1.0) return {};
  const at::Tensor tensor = at::scalar_tensor(value, at::TensorOptions(at::kFloat));
  return {tensor, tensor};
}

Clip Clip::of_tokens(const at::Tensor& types_BT) const {
  if (!max.defined() || max.numel() == 1) return *this;
  return {max.index({types_BT}).unsqueeze(-1), min.index({types_BT}).unsqueeze(-1)};
}

Clip Clip::on_device(at::Device device) const {
  return max.defined() ? Clip{max.to(device), min.to(device)} : *this;
}

Scale activation_scale(const at::Tensor& x, const Grid& grid, const Clip& clip, bool include_zero) {
  Range range = {x.amax(-1, true), x.amin(-1, true)};
  if (include_zero) range = {range.high.clamp_min(0), range.low.clamp_max(0)};
  if (clip.max.defined()) range = {range.high * clip.max, range.low * clip.min};
  if (!grid.symmetric) return asymmetric_scale(open_empty(range), grid, 0);
  const at::Tensor largest = at::maximum(range.low.abs(), range.high);
  return {at::where(largest == 0, at::ones_like(largest), largest / grid.highest()), {}};
}

at::Tensor fake_quantise_activation(const at::Tensor& x, const Grid& grid, const Clip& clip) {
  if (grid.is_float()) return x;
  if (grid.group_size > 0) {
    const int64_t num_groups = grid.num_groups(x.size(-1));
    const Clip of_groups = {for_groups(clip.max, num_groups), for_groups(clip.min, num_groups)};
    const at::Tensor groups = split_groups(x, grid.group_size).contiguous();
    return fake_quantise_activation(groups, grid.without_groups(), of_groups).flatten(-2);
  }
  if (can_fuse(x, grid, clip)) return fused_quantise_activation(x, grid, clip);
  return fake_quantise_activation_naive(x, grid, clip);
}

at::Tensor fake_quantise_activation_naive(const at::Tensor& x, const Grid& grid, const Clip& clip) {
  return fake_quantise(x, activation_scale(x, grid, clip), grid);
}

at::Tensor split_groups(const at::Tensor& x, int64_t group_size) {
  if (group_size <= 0 || x.size(-1) % group_size != 0)
    throw UserError("group size {} does not divide the width {}", group_size, x.size(-1));
  return x.unflatten(-1, {-1, group_size});
}

Scale weight_scale(const at::Tensor& weight, const Grid& grid, const WeightClip& clip) {
  if (grid.group_size > 0) {
    const Scale by_range = weight_scale(rows_of_ranges(weight, grid), grid.without_groups(), clip);
    return {regroup(by_range.scale, weight.size(0)), regroup(by_range.zero, weight.size(0))};
  }
  Range range = row_range(weight);
  if (clip.ratio != 1.0) range = {range.high * clip.ratio, range.low * clip.ratio};
  const Scale plain = scale_of_range(range, grid);
  if (clip.kind == WeightClip::Kind::kRatio) return plain;
  range = grid.symmetric ? Range{at::maximum(range.low.abs(), range.high).clamp_min(kSmallestWeightRange), range.low}
                         : open_empty(range);
  return search_scale(weight, range.high, range.low, grid, plain);
}

at::Tensor quantise_weight(const at::Tensor& weight, const Scale& scale, const Grid& grid) {
  if (scale.scale.size(-1) == 1) return quantise(weight, scale, grid);
  return quantise(weight.unflatten(1, {scale.scale.size(1), -1}), per_group(scale), grid).flatten(1);
}

at::Tensor dequantise_weight(const at::Tensor& codes, const Scale& scale) {
  if (scale.scale.size(-1) == 1) return dequantise(codes, scale);
  return dequantise(codes.unflatten(1, {scale.scale.size(1), -1}), per_group(scale)).flatten(1);
}

at::Tensor clip_weight(const at::Tensor& weight, const Clip& clip) {
  if (!clip.max.defined()) return weight;
  if (clip.max.dim() == 2 && clip.max.size(1) > 1) {
    const at::Tensor ranges = weight.unflatten(1, {clip.max.size(1), -1}).flatten(0, 1);
    return clip_weight(ranges, {clip.max.reshape({-1, 1}), clip.min.reshape({-1, 1})}).reshape(weight.sizes());
  }
  return at::clamp(weight, std::get<0>(weight.min(1, true)) * clip.min, std::get<0>(weight.max(1, true)) * clip.max);
}

at::Tensor fake_quantise_weight(const at::Tensor& weight, const Grid& grid, const Clip& clip) {
  if (grid.is_float()) return weight;
  if (grid.group_size == 0) return fake_quantise_rows(weight, grid, clip);
  const auto by_range = [](const at::Tensor& factors) {
    return factors.defined() ? factors.reshape({-1, 1}) : factors;
  };
  return fake_quantise_rows(rows_of_ranges(weight, grid), grid.without_groups(),
                            {by_range(clip.max), by_range(clip.min)})
      .reshape(weight.sizes());
}

at::Tensor fake_quantise_weight_naive(const at::Tensor& weight, const Grid& grid, const Clip& clip) {
  const at::Tensor clipped = clip_weight(weight, clip);
  const Scale scale = weight_scale(clipped, grid);
  return dequantise_weight(quantise_weight(clipped, scale, grid), scale);
}

Scale weight_scale_per_tensor(const at::Tensor& weight, const Grid& grid) {
  Scale s = weight_scale(weight.reshape({1, -1}), grid);
  s.scale = s.scale.reshape({1});
  if (s.zero.defined()) s.zero = s.zero.reshape({1});
  return s;
}

}  // namespace freeact
