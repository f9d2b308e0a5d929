// How the activations of a model are shaped, per site and token type: what makes them easy or hard to quantise.
// Letters: N tokens, D width of the site.
#pragma once

#include <functional>
#include <vector>

#include "calibration/site_tokens.h"

namespace freeact {

// The spectrum is that of the second moment about zero, x^T x / n [D, D], of spectrum_tokens(). All other numbers are
// of all tokens.
struct ActivationShape {
  int64_t tokens = 0, width = 0;
  double effective_rank = 0;  // exp(entropy of the eigenvalues as shares of their sum) (Roy and Vetterli, 2007)
  int64_t dims_99 = 0;        // fewest principal directions that hold 99% of the energy
  double mean_share = 0;      // ||mean of x||^2 / mean of ||x||^2
  double absmax = 0;
  double channel_ratio = 0;  // largest over median of the channels' absolute maxima
  double crest = 0;          // largest over tokens of absolute maximum / root mean square
  double kurtosis = 0;       // fourth standardised moment of all entries: 3 for a normal distribution
};

// Of x [N, D], N >= 1. Ratios with nothing below the line are infinite or NaN.
ActivationShape measure_shape(const at::Tensor& x_ND);

struct SiteShape {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  int64_t token_type = 0;
  ActivationShape shape;
};

// Of every token type that occurs.
std::vector<SiteShape> measure_shapes(const SiteTokens& tokens);

// Of the input of every site of every layer for every token type that occurs in the data.
// on_block is called after each block; may be null.
std::vector<SiteShape> measure_activations(const Decoder& model, const std::vector<TokenBatch>& data,
                                           const std::function<void(int64_t block, int64_t num_blocks)>& on_block = {});

}  // namespace freeact
