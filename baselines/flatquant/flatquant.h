// FlatQuant (Sun et al., ICML 2025, arXiv 2410.09426): per block, learned Kronecker transforms, per-channel scales and
// clips. See README.md beside this file for equations, upstream version and deviations.
#pragma once

#include "calibration/learning_config.h"
#include "method/method.h"

namespace freeact {

using FlatQuantConfig = LearningConfig;

class FlatQuant : public Method {
 public:
  FlatQuant(const FlatQuantConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  int64_t batch_size() const override { return config_.batch_size; }
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override {
    return learn_block(block, batches, config, context_.quant, config_.settings(), context_.seed);
  }

 private:
  FlatQuantConfig config_;
  MethodContext context_;
};

MethodEntry flatquant_entry();

}  // namespace freeact
