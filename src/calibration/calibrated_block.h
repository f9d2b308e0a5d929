// What calibrating one block yields, for every method.
#pragma once

#include <array>
#include <memory>

#include "calibration/training_log.h"
#include "model/decoder.h"
#include "quant/quantised_site.h"

namespace freeact {

// The grids of one experiment; 16 bits mean "not quantised". Groups are of weights and activations only.
struct QuantSpec {
  Grid weight, activation, key, value;
};
// Throws UserError, naming key, site and width, where a group size does not divide the width of every site.
void check_groups(const QuantSpec& spec, const DecoderConfig& config);

struct CalibratedBlock {
  // Float weights that compute exactly the function of the block that was given, in the basis the sites work in (scales
  // folded into norms, the values' basis into v and o). The error of a site is measured against this.
  Block equivalent;
  std::array<std::shared_ptr<const QuantisedSite>, kNumSites> sites;
  std::shared_ptr<const QuantisedKvPath> kv;  // null when keys and values stay in 16 bit
  // [K, K]: v and the attention's output hold each head's values times this matrix. Undefined: the identity.
  at::Tensor value_basis;
  std::shared_ptr<const BlockTrainingLog> training;  // null: nothing was trained

  // The block as it runs.
  Block quantised() const;
};

// Rounds a block as it stands: the transforms of each site on both sides, then the grids. What RTN, SmoothQuant and
// QuaRot end in.
struct RoundingSettings {
  WeightClip weight_clip;
  Clip activation_clip;
  std::array<TransformChain, kNumSites> transforms;
};
CalibratedBlock round_block(const Block& block, const QuantSpec& spec, const RoundingSettings& settings);

// Keys and values per token and head, unrotated; null when both are 16 bit.
std::shared_ptr<const QuantisedKvPath> plain_kv_path(const QuantSpec& spec, const Clip& clip);

}  // namespace freeact
