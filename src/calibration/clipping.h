// The clipping policy: how the ends of a range are cut before its scale is taken. Every method states one, for weights
// and for activations, since at low bits clipping alone moves results as much as a transform does.
#pragma once

#include <string>
#include <vector>

#include "calibration/weight_rounding.h"

namespace freeact {

enum class ClipKind {
  kNone,
  kFixed,     // one ratio everywhere
  kSearched,  // weights: row by row (WeightClip::searched); activations: one ratio per site, see below
  kLearned,   // gradient descent on the block's output error: LWC and LAC of FlatQuant
};
ClipKind parse_clip(const std::string& key, const std::string& name);  // UserError naming the key otherwise

struct ClipRule {
  ClipKind kind = ClipKind::kNone;
  double ratio = 1.0;  // of kFixed
};

struct ClippingPolicy {
  ClipRule weight, activation;
  WeightRounding weight_rounding = {};  // within the ranges that the clips leave

  // What rounding alone can do: no, fixed or searched weight clips; no or fixed activation clips.
  RoundingSettings rounding() const;
  bool learns() const { return weight.kind == ClipKind::kLearned || activation.kind == ClipKind::kLearned; }
};

// Carries out what a policy asks beyond rounding() on a rounded block: trains clips on the batches for `epochs` passes
// (AdamW as FlatQuant's clips, 0.05 falling along a cosine, squared error of the block's output), then searches, and
// rounds the weights last.
CalibratedBlock apply_clipping(const CalibratedBlock& rounded, const ClippingPolicy& policy, const QuantSpec& spec,
                               const std::vector<BlockBatch>& batches, const DecoderConfig& config, int epochs);

// Of the ratios 1, 0.95, ..., 0.5, every site gets the one with the least mean over calibration tokens of
// ||Q(z) - z||^2 / ||z||^2, z the transformed activation. Relative, as each token has a scale of its own.
CalibratedBlock search_activation_clips(const CalibratedBlock& block, const std::vector<BlockBatch>& batches,
                                        const DecoderConfig& config);

}  // namespace freeact
