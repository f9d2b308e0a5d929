// What was measured of the activations of each token type, beside errors. See calibration/row_spaces.h and
// calibration/surfaces.h for the definitions.
#pragma once

#include <cstdint>
#include <string>

namespace freeact {

// How the dominating subspaces of two token types lie at one site; a row for each ordered pair of types.
struct RowSpaceOverlap {
  int layer = 0;
  std::string site;
  std::string token_type, other_type;
  int64_t width = 0;        // of the site
  int64_t dims = 0;         // of the type's dominating subspace
  int64_t other_dims = 0;   // of the other type's
  int64_t shared_dims = 0;  // principal angles below the bound
  double mean_cosine_squared = 0;
  double largest_angle = 0;    // degrees
  int64_t exclusive_dims = 0;  // directions of the type that are farthest from the other type's subspace
  double own_energy = 0;       // share of the type's energy in these
  double other_energy = 0;     // share of the other type's energy in these: what zeroing them loses
  double other_output = 0;     // relative error of the other type's output when they are zeroed

  bool operator==(const RowSpaceOverlap&) const = default;
};

// How much freedom Proposition 1 of FreeAct leaves one token type at one site.
struct SolutionSpace {
  int layer = 0;
  std::string site;
  std::string token_type;
  int64_t tokens = 0;
  int64_t width = 0;
  int64_t activation_rank = 0;  // of P_X at the energy tolerance
  int64_t weight_rank = 0;      // of P_W likewise
  int64_t weakest_dims = 0;     // directions that an exclusive block of another type would have
  double weakest_energy = 0;    // least share of the type's energy that zeroing so many directions loses
  double weakest_output = 0;    // relative output error when these are zeroed
  double unread_output = 0;     // relative output error when so many directions that the weights read least are zeroed

  bool operator==(const SolutionSpace&) const = default;
};

// |x| over tokens and channels of one site and type, max-pooled.
struct ActivationSurface {
  int layer = 0;
  std::string site;
  std::string token_type;
  int64_t tokens = 0, channels = 0;  // before pooling
  int64_t token_bins = 0, channel_bins = 0;
  double peak = 0;    // the largest value
  std::string codes;  // bytes, a row of channel bins for each token bin: value = peak (code / 255)^2

  bool operator==(const ActivationSurface&) const = default;
};

}  // namespace freeact
