// How the row spaces of the activations of token types lie to each other, and how much freedom Proposition 1 of FreeAct
// leaves: X M W^T = X W^T for M = Z - P_X (Z - I) P_W, so that M is free outside of the directions that the activations
// X use and those that the weights W read. Real activations and weights have full rank; ranks here are at a tolerance.
// Letters: N tokens, D width of the site, O outputs of all linears of the site.
#pragma once

#include <vector>

#include "calibration/site_tokens.h"

namespace freeact {

inline constexpr double kDominatingEnergy = 0.95;    // a type's dominating subspace holds so much of its energy
inline constexpr double kSharedAngle = 30;           // degrees: below it a principal angle counts as shared
inline constexpr double kRankTolerance = 1e-3;       // share of the energy that a rank leaves out
inline constexpr double kExclusiveShare = 1.0 / 32;  // of D: the exclusive dimensions of FreeAct's default
inline constexpr int64_t kMaxRowSpaceWidth = 2048;   // wider sites are left out: eigenvectors cost D^3
inline constexpr int64_t kMaxRowSpaceLayers = 12;    // of deeper models, so many at even distances are measured

// Whether row spaces are measured at this layer.
bool has_row_spaces(int64_t layer, int64_t num_layers);

// Energies about zero and their directions: eigenvectors of x^T x [D, D], most energy first.
struct Spectrum {
  at::Tensor moment_DD, energies_D;  // float64; energies are never negative
  at::Tensor directions_DD;          // float32
  // Fewest directions that hold this share of the energy; at least 1.
  int64_t dims(double share) const;
};
// x [N, D], N >= 1; tokens are sampled as in spectrum_tokens().
Spectrum token_spectrum(const at::Tensor& x_ND);
// Of W^T W; weight [O, D], all rows.
Spectrum weight_spectrum(const at::Tensor& weight_OD);

// Relative error of the output when the directions U [D, R], orthonormal, are zeroed:
// ||x U U^T W^T||^2 / ||x W^T||^2 over all tokens.
double output_share(const Spectrum& tokens, const Spectrum& weights, const at::Tensor& directions_DR);
// ||x U||^2 / ||x||^2
double energy_share(const Spectrum& tokens, const at::Tensor& directions_DR);

// One type's dominating subspace beside another's.
struct SubspaceOverlap {
  int64_t dims = 0, other_dims = 0;
  int64_t shared_dims = 0;         // principal angles below kSharedAngle
  double mean_cosine_squared = 0;  // of all min(dims, other_dims) principal angles
  double largest_angle = 0;        // degrees
  // The directions [D, r] of the type's subspace that are farthest from the other's: what an exclusive block of D/32
  // dimensions (never more than dims) would hold.
  at::Tensor exclusive_DR;
};
SubspaceOverlap overlap(const Spectrum& own, const Spectrum& other);

struct TypeOverlap {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  int64_t token_type = 0, other_type = 0;
  int64_t width = 0;
  SubspaceOverlap subspaces;
  double own_energy = 0, other_energy = 0;  // shares of both types' energies in the exclusive directions
  double other_output = 0;                  // output_share() of the other type: what zeroing them does to it
};

struct TypeSolutions {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  int64_t token_type = 0;
  int64_t tokens = 0, width = 0;
  int64_t activation_rank = 0, weight_rank = 0;   // of P_X and P_W at kRankTolerance
  int64_t weakest_dims = 0;                       // D/32, at least 1
  double weakest_energy = 0, weakest_output = 0;  // of so many directions that the type uses least
  double unread_output = 0;                       // output_share() of so many that the weights read least
};

struct RowSpaces {
  std::vector<TypeOverlap> overlaps;  // of every ordered pair of types that occur
  std::vector<TypeSolutions> solutions;
};
// Nothing for a site wider than kMaxRowSpaceWidth.
RowSpaces measure_row_spaces(const SiteTokens& tokens);

}  // namespace freeact
