// Integer grids and how a range becomes a scale. Conventions: rounding is half to even on x / scale by true division;
// symmetric codes are [-2^(b-1), 2^(b-1) - 1] with scale = absmax / (2^(b-1) - 1); asymmetric codes are [0, 2^b - 1]
// with zero = round(-min / scale), added after rounding. Sources: FlatQuant and QuaRot, quant_utils.py.
//
// All functions are differentiable: rounding passes its gradient straight through, scales carry theirs.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace freeact {

struct Grid {
  int bits = 4;
  bool symmetric = true;
  // Neighbouring input channels that share a range, of a weight's row or of a token; it divides their width. 0: all.
  int64_t group_size = 0;

  bool is_float() const { return bits >= 16; }  // 16 bit: not quantised
  double highest() const { return static_cast<double>((1 << (symmetric ? bits - 1 : bits)) - 1); }
  double lowest() const { return symmetric ? -highest() - 1 : 0.0; }
  Grid without_groups() const { return {bits, symmetric}; }
  // Throws UserError when the group size does not divide the width.
  int64_t num_groups(int64_t width) const;
};

// Scale and zero point, broadcastable over what they quantise; zero is undefined for symmetric grids.
struct Scale {
  at::Tensor scale, zero;
};

// Rounds half to even; the gradient is that of the identity.
at::Tensor round_straight_through(const at::Tensor& x);

// Codes (in float), values on the grid, and both in one.
at::Tensor quantise(const at::Tensor& x, const Scale& scale, const Grid& grid);
at::Tensor dequantise(const at::Tensor& codes, const Scale& scale);
at::Tensor fake_quantise(const at::Tensor& x, const Scale& scale, const Grid& grid);

// ---- activations: one range per token, or per group of its channels, over the last axis

// What the ends of a token's range are multiplied by before the larger magnitude decides. Undefined: 1. Broadcastable
// to
// [.., 1]: a scalar for a fixed ratio, per-token values where clipping depends on the token's type.
struct Clip {
  at::Tensor max, min;
  static Clip ratio(double value);
  // Factors [N] by token type become one per token of types [B, T]: [B, T, 1]. A single factor, or none, stays.
  Clip of_tokens(const at::Tensor& types_BT) const;
  Clip on_device(at::Device device) const;
};

// x [.., D] -> scale [.., 1], whatever the grid's groups. The range is widened to hold 0 unless include_zero is false
// (QuaRot's groups). A token of zeros has scale 1.
Scale activation_scale(const at::Tensor& x, const Grid& grid, const Clip& clip = {}, bool include_zero = true);
// x [.., D] on its grid; a token's clip holds for all of its groups. In one pass where quant/fused_quantise.h can; the
// naive form is composed of the functions above and knows no groups.
at::Tensor fake_quantise_activation(const at::Tensor& x, const Grid& grid, const Clip& clip = {});
at::Tensor fake_quantise_activation_naive(const at::Tensor& x, const Grid& grid, const Clip& clip = {});

// x [.., D] -> [.., D / group_size, group_size]: ranges per group of neighbouring channels. Throws UserError when the
// size does not divide the width.
at::Tensor split_groups(const at::Tensor& x, int64_t group_size);

// ---- weights: one range per output row, or per group of its input channels. G groups; 1 without

// What a range is multiplied by before its scale.
struct WeightClip {
  enum class Kind {
    kRatio,     // 1: no clipping
    kSearched,  // the best of 80 ratios 1 - i/100 by the error's 2.4-norm, range by range (GPTQ / QuaRot)
  };
  Kind kind = Kind::kRatio;
  double ratio = 1.0;

  static WeightClip fixed(double ratio) { return {Kind::kRatio, ratio}; }
  static WeightClip searched() { return {Kind::kSearched, 1.0}; }
};

// weight [O, D] -> scale [O, G]; absmax is at least 1e-5.
Scale weight_scale(const at::Tensor& weight, const Grid& grid, const WeightClip& clip = {});
// Codes (in float) and values of a weight [O, D] with a scale [O, G].
at::Tensor quantise_weight(const at::Tensor& weight, const Scale& scale, const Grid& grid);
at::Tensor dequantise_weight(const at::Tensor& codes, const Scale& scale);
// Elements clamped to [smallest of the group * clip.min, largest * clip.max]; factors [O, G], one for each range, as in
// OmniQuant's quantizer.py (FlatQuant's LWC has rows only). Undefined: unchanged.
at::Tensor clip_weight(const at::Tensor& weight, const Clip& clip);
// The weight so clipped, on its grid, with as many factors as it has ranges; fused and naive as for activations.
at::Tensor fake_quantise_weight(const at::Tensor& weight, const Grid& grid, const Clip& clip = {});
at::Tensor fake_quantise_weight_naive(const at::Tensor& weight, const Grid& grid, const Clip& clip = {});
// One range for the whole tensor; scale [1].
Scale weight_scale_per_tensor(const at::Tensor& weight, const Grid& grid);

}  // namespace freeact
