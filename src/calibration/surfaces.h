// Activation surfaces: |x| over tokens and channels of one token type, as a site's quantiser sees it.
// Letters: N tokens, D width of the site, I bins of tokens, J bins of channels.
#pragma once

#include <string>
#include <vector>

#include "model/decoder.h"

namespace freeact {

inline constexpr int64_t kMaxSurfaceTokens = 512;  // the first ones of a type

// x [N, D], N >= 1 -> [I, J]: the largest |x| of bins of neighbours, the last bin of an axis may be smaller.
// I, J <= bins.
at::Tensor pool_surface(const at::Tensor& x_ND, int64_t bins);

struct SurfaceChoice {
  std::vector<int64_t> layers;  // those that a model lacks are left out
  std::vector<SiteId> sites;
  int64_t bins = 64;
};
// The first, the middle and the last.
std::vector<int64_t> default_surface_layers(int64_t num_layers);

struct SiteSurface {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  int64_t token_type = 0;
  int64_t tokens = 0, channels = 0;
  at::Tensor pooled_IJ;
};

// Of every token type of the batch. Where the model is quantised, of what is rounded: the input behind the site's
// means, branches and transforms, upstream errors included; else of the input. Values that are not finite count as 0.
std::vector<SiteSurface> measure_surfaces(const Decoder& model, const TokenBatch& batch, const SurfaceChoice& choice);

// A byte for each bin, row by row: round(255 sqrt(value / peak)); value = peak (code / 255)^2. All 0 where peak is 0.
std::string surface_codes(const at::Tensor& pooled_IJ, double peak);

}  // namespace freeact
