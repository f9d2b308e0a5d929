// FreeAct beyond the paper: what lowers the error where zeroing exclusive dimensions does not (FREEACT_MATH, E1 to E5).
// Every part is a switch. With all of them off it is FlatQuant.
#pragma once

#include "calibration/learning_config.h"
#include "method/freeact/branches.h"
#include "method/method.h"

namespace freeact {

struct FreeActPlusConfig : LearningConfig {
  std::string type_mean = "type";
  std::string branch = "keep";
  std::string branch_directions = "energy";
  double branch_fraction = 0.03125;  // d/32

  FreeActPlusConfig() {
    loss = "types_relative";  // E5
    w_rounding = "gptq";      // E4
  }

  template <typename Visitor>
  void fields(Visitor& visit) {
    LearningConfig::fields(visit);
    visit("type_mean", type_mean, "E1: mean subtracted before the transform, exact (none, global, type)");
    visit("branch", branch,
          "E2 drop: directions of a type dropped where held-out tokens gain; E3 keep: in 16 bits; none");
    visit("branch_directions", branch_directions, "weight_aware (most energy per energy the weights read) or energy");
    visit("branch_fraction", branch_fraction, "directions a type as a share of a site's width; drop: at most");
  }
  void check() const;
  LearningSettings settings(int64_t num_types) const;
};

class FreeActPlus : public Method {
 public:
  FreeActPlus(const FreeActPlusConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  int64_t batch_size() const override { return config_.batch_size; }
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override;

 private:
  FreeActPlusConfig config_;
  MethodContext context_;
};

MethodEntry freeact_plus_entry();

}  // namespace freeact
