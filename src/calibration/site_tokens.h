// What the sites of a 16-bit model read, token by token: what analyses of activations look at.
// Letters: N tokens, D width of the site.
#pragma once

#include <functional>
#include <vector>

#include "calibration/driver.h"

namespace freeact {

struct SiteTokens {
  int64_t layer = 0;
  SiteId site = SiteId::kAttentionQkv;
  at::Tensor x_ND;  // of all batches
  at::Tensor types_N;
  int64_t num_types = 0;
  const std::vector<Linear>* linears = nullptr;  // those that read x

  at::Tensor of_type(int64_t type) const;
};

// fn gets every site of every layer in turn. on_block is called after each block; may be null.
void visit_site_tokens(const Decoder& model, const std::vector<TokenBatch>& data,
                       const std::function<void(const SiteTokens&)>& fn,
                       const std::function<void(int64_t block, int64_t num_blocks)>& on_block = {});

// Spectra are taken of at most so many tokens, at even distances: their cost is bounded, and so is a rank (by the
// number of tokens, where that is less than D).
inline constexpr int64_t kMaxSpectrumTokens = 2048;
at::Tensor spectrum_tokens(const at::Tensor& x_ND);

}  // namespace freeact
