// Round to nearest: no transform, the grids alone. See README.md beside this file.
#pragma once

#include "calibration/clipping_config.h"
#include "method/method.h"

namespace freeact {

using RtnConfig = RoundingConfig;

class Rtn : public Method {
 public:
  Rtn(const RtnConfig& config, const MethodContext& context) : config_(config), quant_(context.quant) {}
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override {
    return apply_clipping(round_block(block, quant_, config_.policy().rounding()), config_.policy(), quant_, batches,
                          config, config_.clip_epochs);
  }

 private:
  RtnConfig config_;
  QuantSpec quant_;
};

MethodEntry rtn_entry();

}  // namespace freeact
