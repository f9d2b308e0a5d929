// GPTQ (Frantar et al., ICLR 2023, arXiv 2210.17323): rounds the weights of a linear column by column and moves every
// column's rounding error into the columns that are not rounded yet, so that the error of the linear's OUTPUT is small,
// tr((W - Q) H (W - Q)^T), and not that of its weights. Behaviour where the paper leaves it open (dead columns,
// damping, groups, order): FlatQuant and QuaRot, gptq_utils.py. Letters: B sequences, T tokens, I inputs, O outputs,
// G groups.
#pragma once

#include <ATen/core/Tensor.h>

#include "quant/quantiser.h"

namespace freeact {

// H = 2 / n * sum over all tokens of x^T x, n the number of SEQUENCES (not tokens) that were added: [I, I], float64, so
// that a singular H can be told from a badly conditioned one. GPTQ's result does not depend on the factor 2 / n.
class GptqHessian {
 public:
  explicit GptqHessian(int64_t width, at::Device device = at::kCPU);
  // x [B, T, I], or one sequence [T, I].
  void add(const at::Tensor& x_BTI);
  const at::Tensor& matrix() const { return hessian_II_; }
  int64_t num_sequences() const { return num_sequences_; }

 private:
  at::Tensor hessian_II_;
  int64_t num_sequences_ = 0;
};

struct GptqSettings {
  double damping = 0.01;     // times the mean of H's diagonal, added to the diagonal; 0 or more
  bool act_order = false;    // columns by falling diagonal of H, not from left to right
  int64_t block_size = 128;  // columns between two updates of all later columns: changes the speed, and with groups
                             // that are not static their ranges, which are found on weights as of the block's start
  int64_t group_size = 0;    // neighbouring columns that share a range; 0: one range per row. The last may be smaller
  // With groups: ranges are found before anything is rounded, of columns that are neighbours in W. Otherwise they are
  // found when the first column's turn comes, of columns that are neighbours in the order of rounding.
  bool static_groups = false;
};

struct GptqWeight {
  at::Tensor codes;            // [O, I], int8, or uint8 where the grid is asymmetric
  Scale scale;                 // [O, G]; G is 1 without groups
  at::Tensor group_of_column;  // [I] int64, which of the G belongs to a column

  at::Tensor weight() const;  // float32 [O, I], on the grid
};

// weight [O, I]; hessian [I, I], as of GptqHessian; groups are those of the settings, not of the grid. Columns whose
// inputs were always 0 (H_ii = 0) become 0, after the rows' ranges were found on them as well. UserError when the
// weight or H is not finite, or when H with its damping is not positive definite in float64 (too few tokens, or inputs
// that depend on each other, at damping 0): there is no fallback, since rounding with the inverse of such a matrix can
// be worse than rounding to nearest.
GptqWeight gptq(const at::Tensor& weight_OI, const at::Tensor& hessian_II, const Grid& grid, const WeightClip& clip,
                const GptqSettings& settings);
// The same with ranges that are known already: scale [O, G], each for I / G columns that are neighbours in W. The
// settings name no groups then.
GptqWeight gptq(const at::Tensor& weight_OI, const at::Tensor& hessian_II, const Grid& grid, const Scale& scale,
                const GptqSettings& settings);

}  // namespace freeact
