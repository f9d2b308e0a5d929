// Letters: T tokens, D width of a site as a grid [L, R], O outputs.
#include "baselines/wush/wush.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>

#include "calibration/site_maxima.h"
#include "ops/hadamard.h"
#include "ops/ops.h"
#include "quant/learnable.h"
#include "util/random.h"

namespace freeact {
namespace {

// What both sides of a site look like along one or two axes of its width viewed as a grid.
struct Moments {
  at::Tensor left_LL, right_RR;
};

// rows [n, L * R]: sums of M M^T and of M^T M over the rows M [L, R].
Moments marginals(const at::Tensor& rows, int64_t left) {
  const at::Tensor grid = rows.to(at::kDouble).unflatten(-1, {left, -1});
  const at::Tensor by_left = grid.transpose(0, 1).flatten(1), by_right = grid.flatten(0, 1);
  return {at::matmul(by_left, by_left.t()), at::matmul(by_right.t(), by_right)};
}

Moments operator+(const Moments& a, const Moments& b) {
  return {a.left_LL + b.left_LL, a.right_RR + b.right_RR};
}

// Of the mean 1 along the diagonal: the scale of a moment does not matter.
at::Tensor damped(const at::Tensor& moment_DD, double damping) {
  const at::Tensor mean = moment_DD.diagonal().mean().clamp_min(1e-300);
  return moment_DD / mean + damping * at::eye(moment_DD.size(0), moment_DD.options());
}

// A random Hadamard matrix, or where there is none a random rotation.
at::Tensor spreading(int64_t width, uint64_t seed) {
  const at::Tensor draw = gaussian({width}, seed);
  if (hadamard_size_exists(width)) return random_hadamard(at::where(draw < 0, -1.0, 1.0).to(at::kDouble));
  return orthogonal_from_gaussian(gaussian({width, width}, seed));
}

std::shared_ptr<const Transform> transform_of(const Moments& inputs, const Moments& weights, double damping,
                                              uint64_t seed) {
  const int64_t left = inputs.left_LL.size(0), right = inputs.right_RR.size(0);
  const BalancedPair l = balance(inputs.left_LL, weights.left_LL, damping, spreading(left, derive_seed(seed, "left")));
  const BalancedPair r =
      balance(inputs.right_RR, weights.right_RR, damping, spreading(right, derive_seed(seed, "right")));
  return std::make_shared<KroneckerTransform>(KroneckerTransform::Factors{
      l.activation.to(at::kFloat), r.activation.to(at::kFloat), l.weight.to(at::kFloat), r.weight.to(at::kFloat)});
}

}  // namespace

void WushConfig::check() const {
  RoundingConfig::check();
  if (form != "kronecker" && form != "full")
    throw UserError("key 'method.form' must be kronecker or full, but is '{}'", form);
  if (!(damping > 0 && damping <= 1)) throw UserError("key 'method.damping' must lie in (0, 1], but is {}", damping);
}

BalancedPair balance(const at::Tensor& moment_DD, const at::Tensor& gram_DD, double damping,
                     const at::Tensor& rotation_DD) {
  const at::Tensor lower = at::linalg_cholesky(damped(moment_DD, damping));
  const at::Tensor both = at::matmul(lower.t(), at::matmul(damped(gram_DD, damping), lower));
  const auto [squares, vectors] = at::linalg_eigh(both);
  at::Tensor singular = squares.clamp_min(0).sqrt();
  singular = singular + damping * singular.mean();
  const at::Tensor spread = at::matmul(vectors / singular.sqrt(), rotation_DD);    // V S^(-1/2) R
  const at::Tensor gathered = at::matmul(vectors * singular.sqrt(), rotation_DD);  // V S^(1/2) R
  return {at::linalg_solve_triangular(lower.t(), gathered, /*upper=*/true), at::matmul(lower, spread)};
}

CalibratedBlock Wush::calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                                const DecoderConfig& config) const {
  const at::NoGradGuard no_grad;
  const auto left_of = [&](int64_t width) { return config_.form == "full" ? 1 : kronecker_split(width).first; };
  std::array<Moments, kNumSites> inputs;
  visit_site_inputs(block, batches, config, [&](size_t i, const at::Tensor& x_BTD, const at::Tensor&) {
    const Moments own = marginals(x_BTD.flatten(0, 1), left_of(x_BTD.size(-1)));
    inputs[i] = inputs[i].left_LL.defined() ? inputs[i] + own : own;
  });
  RoundingSettings rounding = config_.policy().rounding();
  for (size_t i = 0; i < kNumSites; ++i) {
    const at::Tensor weight_OD = stacked_weights(block.linears[i]);
    const Moments weights = marginals(weight_OD, left_of(weight_OD.size(1)));
    const uint64_t seed = derive_seed(context_.seed, fmt::format("wush {} {}", block.index, kSiteNames[i]));
    rounding.transforms[i].push_back(transform_of(inputs[i], weights, config_.damping, seed));
  }
  return apply_clipping(round_block(block, context_.quant, rounding), config_.policy(), context_.quant, batches, config,
                        config_.clip_epochs);
}

MethodEntry wush_entry() {
  return method_entry<Wush, WushConfig>("wush", "WUSH", "a closed-form transform that balances both sides");
}

}  // namespace freeact
