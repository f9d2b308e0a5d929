// What integer backends ask of a quantised site: whether they can compute it, and how its width is cut. Letters: D
// width.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <numeric>

#include "quant/quantised_site.h"

namespace freeact {

// Input channels that share a range.
inline int64_t group_of(const QuantisedLinear& linear) {
  return linear.codes.size(1) / linear.scale.scale.size(1);
}

// Whether all grids have 2 to 8 bits; not so where one is float.
inline bool fits_a_byte(const QuantisedSite::Parts& parts) {
  const int bits = parts.activation_grid.bits;
  return bits >= 2 && bits <= 8 &&
         std::all_of(parts.linears.begin(), parts.linears.end(), [](const QuantisedLinear& linear) {
           const auto type = linear.codes.scalar_type();
           return linear.scale.scale.defined() && (type == at::kChar || type == at::kByte);
         });
}

// The longest stretches of channels in which neither the activation nor a weight begins a new range.
inline int64_t piece_of(const QuantisedSite::Parts& parts) {
  const int64_t width = parts.linears.front().codes.size(1);
  int64_t piece = width / parts.activation_grid.num_groups(width);
  for (const QuantisedLinear& linear : parts.linears) piece = std::gcd(piece, group_of(linear));
  return piece;
}

}  // namespace freeact
