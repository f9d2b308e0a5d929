// What an error of a site comes from: the site as it was calibrated, with part of its rounding taken away again.
#pragma once

#include <memory>
#include <vector>

#include "quant/quantised_site.h"

namespace freeact {

enum class KeptRounding { kNone, kActivation };

// The same transforms, slices, means and branches with 16-bit weights, and with or without the activation's grid.
// linears: the site's float ones of CalibratedBlock::equivalent. Without rounding, what is missing from x W^T + b is
// what the site drops: its truncation, 0 up to float32 for a site that is one-to-one (P P^-1 = I).
std::shared_ptr<const QuantisedSite> with_float_weights(const QuantisedSite& site, const std::vector<Linear>& linears,
                                                        KeptRounding kept);

// Whether a site can drop anything: it has slices, or directions of a branch that are not added again.
bool drops_input(const QuantisedSite& site);

}  // namespace freeact
