// SmoothQuant (Xiao et al., ICML 2023, arXiv 2211.10438): moves the difficulty of outlier channels from activations to
// weights by a per-channel scale, folded into the norm before them. See README.md beside this file.
#pragma once

#include "calibration/clipping_config.h"
#include "method/method.h"

namespace freeact {

struct SmoothQuantConfig : RoundingConfig {
  double alpha = 0.5;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("alpha", alpha, "migration strength: s = xmax^alpha / wmax^(1 - alpha)");
    RoundingConfig::fields(visit);
  }
  void check() const;
};

// s [D] = max(xmax^alpha / max(wmax, 1e-5)^(1 - alpha), 1e-5), wmax over the rows of all linears fed by the norm.
at::Tensor smoothing_scale(const at::Tensor& activation_max_D, const std::vector<Linear>& linears, double alpha);
// norm / s, W * s: the same function. A norm's bias, where there is one, is divided as well.
void smooth(const at::Tensor& scale_D, at::Tensor& norm_weight, std::vector<Linear>& linears,
            at::Tensor* norm_bias = nullptr);

class SmoothQuant : public Method {
 public:
  SmoothQuant(const SmoothQuantConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  void prepare(Decoder& model, const std::vector<TokenBatch>& calibration) const override;
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override {
    return apply_clipping(round_block(block, context_.quant, config_.policy().rounding()), config_.policy(),
                          context_.quant, batches, config, config_.clip_epochs);
  }

 private:
  SmoothQuantConfig config_;
  MethodContext context_;
};

MethodEntry smoothquant_entry();

}  // namespace freeact
