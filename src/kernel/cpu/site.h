// A quantised site that computes with its integers on the CPU.
#pragma once

#include <memory>

#include "quant/quantised_site.h"

namespace freeact {

// The site's function with integer products: equal to QuantisedSite::forward up to the final float scaling, the codes
// bit for bit. Null when there is nothing to compute with integers, or no kernel: one of its grids is float (16 bit) or
// has more than 8 bits.
//
// Computed in float32: inputs of other types are widened first and outputs cast back, where the simulated site rounds
// each step to the type that its parts have. No gradient passes through it.
std::shared_ptr<const Site> cpu_site(const std::shared_ptr<const QuantisedSite>& site);

}  // namespace freeact
