// FreeAct (arXiv 2603.01776): FlatQuant's trainer with one weight side Pt = [U, U_X, U_X']^T and a slice of it per
// token type, P = [U, U_X, 0] and P' = [U, 0, U_X'], so that the exclusive coordinates of the other type are zeroed
// before a token's range is taken. The loss sums the output error over token types.
#pragma once

#include <vector>

#include "calibration/learning_config.h"
#include "method/method.h"

namespace freeact {

struct FreeActConfig : LearningConfig {
  bool orthogonal = true;                  // Pt orthogonal, as the paper states it; false: FlatQuant's parametrisation
  double rank_fraction = 0.03125;          // r1 = r2 = d/32
  std::vector<double> rank_fractions;      // r1, r2, .. as fractions of a site's width; overrides rank_fraction
  std::vector<int64_t> ranks;              // per token type and the same for all sites; overrides both
  std::string exclusive_start = "random";  // the paper's; low_energy: see calibration/low_energy_start.h
  bool lac_per_type = false;
  std::string type_mean = "none";  // beyond the paper: subtract a mean per token type (none, global, type)

  FreeActConfig() { loss = "types"; }

  template <typename Visitor>
  void fields(Visitor& visit) {
    LearningConfig::fields(visit);
    visit("orthogonal", orthogonal, "keep Pt orthogonal (paper); false: FlatQuant's SVD or inverse form");
    visit("rank_fraction", rank_fraction, "r1 = r2 = this fraction of a site's width");
    visit("rank_fractions", rank_fractions, "unequal r1 and r2: a fraction of a site's width for each token type");
    visit("ranks", ranks, "explicit exclusive ranks, one per token type");
    visit("exclusive_start", exclusive_start,
          "random (paper), or beyond it low_energy: exclusive dimensions start where the calibration data has least "
          "energy");
    visit("lac_per_type", lac_per_type, "one pair of activation clips per token type");
    visit("type_mean", type_mean, "beyond the paper: mean subtracted before the transform (none, global, type)");
  }
  void check() const;
  LearningSettings settings(int64_t num_types) const;

 private:
  // Exclusive ranks of every token type at a site of this width.
  std::vector<int64_t> ranks_at(int64_t width, int64_t num_types) const;
};

class FreeAct : public Method {
 public:
  FreeAct(const FreeActConfig& config, const MethodContext& context) : config_(config), context_(context) {}
  int64_t batch_size() const override { return config_.batch_size; }
  CalibratedBlock calibrate(const Block& block, const std::vector<BlockBatch>& batches,
                            const DecoderConfig& config) const override;

 private:
  FreeActConfig config_;
  MethodContext context_;
};

MethodEntry freeact_entry();

}  // namespace freeact
