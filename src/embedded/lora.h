// Low-rank adaptation (Hu et al., 2021): a frozen linear W gets a trained addition, y = x (W + s B A)^T, with A [R, D]
// and B [O, R]. Letters: B batch, T tokens, D input width, O output width, R rank, n linears of a site.
#pragma once

#include <map>

#include "checkpoint/safetensors.h"
#include "model/decoder.h"

namespace freeact {

// The linears of one site (without their biases) with an addition each. The factors of the n linears lie below each
// other, a [n R, D] and b [sum of O, R], in float32; they hold gradients after a backward pass.
class LoraSite : public Site {
 public:
  LoraSite(const std::vector<Linear>& linears, at::Tensor a, at::Tensor b, double scale);
  std::vector<at::Tensor> forward(const at::Tensor& x_BTD, const at::Tensor& types_BT) const override;

 private:
  at::Tensor a_, b_, frozen_;  // frozen [sum of O, D + n R]: the weights, and room for B beside them
  std::vector<int64_t> widths_;
  double scale_;
};

struct LoraSettings {
  int64_t rank = 16;
  double scale = 2;
  uint64_t seed = 0;
};

// Puts a LoraSite on every site of every block: A random with variance 1 / D, B zero, so that nothing changes yet.
// Returns the factors as "block0.attention.qkv.a" and ".b"; they share memory with the sites and ask for gradients.
TensorMap attach_lora(Decoder& decoder, const LoraSettings& settings);

// s B A for each linear, in float64, where sums of products of stored factors are exact for all that matters.
at::Tensor lora_addition(const at::Tensor& a_RD, const at::Tensor& b_OR, double scale);

}  // namespace freeact
