// WUSH (arXiv 2512.00956): a transform in closed form from the second moments of a site's inputs and of its weights,
// which gives both sides the same spectrum and spreads it by a rotation. Nothing is trained. See README.md beside this
// file. Letters: D width of a site, O outputs.
#pragma once

#include "calibration/clipping_config.h"
#include "method/method.h"

namespace freeact {

struct WushConfig : RoundingConfig {
  std::string form = "kronecker";
  double damping = 0.01;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("form", form, "kronecker (two factors from the marginal moments) or full (one matrix per site)");
    visit("damping", damping, "added to moments and singular values, as a share of their mean");
    RoundingConfig::fields(visit);
  }
  void check() const;
};

// x A and W B with A B^T = I, hence x A (W B)^T = x W^T. Float64 [D, D].
struct BalancedPair {
  at::Tensor activation, weight;  // A, B
};

// With moment C = L L^T of the inputs, gram G = W^T W and L^T G L = V S^2 V^T:
// A = L^-T V S^(1/2) R, B = L V S^(-1/2) R, R [D, D] orthogonal, so that A^T C A = B^T G B = R^T S R.
// moment, gram: float64 [D, D], symmetric and positive semidefinite.
BalancedPair balance(const at::Tensor& moment_DD, const at::Tensor& gram_DD, double damping,
                     const at::Tensor& rotation_DD);

class Wush : public Method {
 public:
  Wush(const WushConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override;

 private:
  WushConfig config_;
  MethodContext context_;
};

MethodEntry wush_entry();

}  // namespace freeact
