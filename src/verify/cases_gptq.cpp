#include <ATen/ATen.h>

#include <algorithm>

#include "quant/gptq.h"
#include "verify/quant_case.h"

namespace freeact {
namespace {

GptqSettings settings_of(const nlohmann::json& params) {
  GptqSettings s;
  s.damping = params.at("percdamp").get<double>();
  s.act_order = params.at("act_order").get<bool>();
  s.block_size = params.at("blocksize").get<int64_t>();
  s.group_size = std::max<int64_t>(params.at("groupsize").get<int64_t>(), 0);  // -1: none
  s.static_groups = params.at("static_groups").get<bool>();
  return s;
}

// tr((W - Q) H (W - Q)^T): what GPTQ makes small. In float64, [1].
at::Tensor proxy_loss(const at::Tensor& weight, const at::Tensor& rounded, const at::Tensor& hessian) {
  const at::Tensor error = (weight - rounded).to(at::kDouble);
  return (at::matmul(error, hessian) * error).sum().reshape({1});
}

// Rounding to nearest, which the fixtures compare every case with: 4 bits, symmetric, a range per row, whatever the
// case's own grid is.
at::Tensor nearest(const at::Tensor& weight) {
  const Grid grid{4, true};
  return fake_quantise(weight, weight_scale(weight, grid), grid);
}

}  // namespace

void check_gptq(QuantCase& c) {
  const Grid grid{c.params().at("bits").get<int>(), c.params().at("symmetric").get<bool>()};
  const auto clip = c.params().at("mse_search").get<bool>() ? WeightClip::searched() : WeightClip{};
  const at::Tensor w = c.in("w"), x = c.in("x");
  GptqHessian hessian(w.size(1));
  for (int64_t sample = 0; sample < x.size(0); ++sample) hessian.add(x[sample]);
  const GptqWeight rounded = gptq(w, hessian.matrix(), grid, clip, settings_of(c.params()));
  c.expect("H", hessian.matrix().to(at::kFloat));
  c.expect("W_q", rounded.weight());
  c.expect("scale", rounded.scale.scale);
  if (rounded.scale.zero.defined()) c.expect("zero", rounded.scale.zero);
  c.expect("proxy_loss", proxy_loss(w, rounded.weight(), hessian.matrix()));
  c.expect("proxy_loss_rtn", proxy_loss(w, nearest(w), hessian.matrix()));
}

}  // namespace freeact
