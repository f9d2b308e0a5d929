#include "calibration/site_tokens.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>

#include "calibration/site_maxima.h"

namespace freeact {
namespace {

using SiteRows = std::array<std::vector<at::Tensor>, kNumSites>;  // inputs of each site [N, D], one entry a batch

at::Tensor joined_types(const std::vector<BlockBatch>& batches) {
  std::vector<at::Tensor> types;
  for (const auto& batch : batches) types.push_back(batch.context.types_BT.flatten());
  return at::cat(types);
}

}  // namespace

at::Tensor SiteTokens::of_type(int64_t type) const {
  return x_ND.index({types_N == type});
}

void visit_site_tokens(const Decoder& model, const std::vector<TokenBatch>& data,
                       const std::function<void(const SiteTokens&)>& fn,
                       const std::function<void(int64_t block, int64_t num_blocks)>& on_block) {
  const at::NoGradGuard no_grad;
  if (data.empty()) return;
  auto batches = first_block_batches(model, data);
  const at::Tensor types_N = joined_types(batches).to(model.device());
  for (const Block& block : model.blocks) {
    SiteRows rows;
    set_inputs(batches,
               visit_site_inputs(block, batches, model.config, [&](size_t site, const at::Tensor& x, const auto&) {
                 rows[site].push_back(x.flatten(0, 1));
               }));
    for (size_t site = 0; site < kNumSites; ++site)
      fn({.layer = block.index,
          .site = static_cast<SiteId>(site),
          .x_ND = at::cat(rows[site]),
          .types_N = types_N,
          .num_types = std::ssize(model.config.token_types),
          .linears = &block.linears[site]});
    if (on_block) on_block(block.index, std::ssize(model.blocks));
  }
}

at::Tensor spectrum_tokens(const at::Tensor& x_ND) {
  if (x_ND.size(0) <= kMaxSpectrumTokens) return x_ND;
  const auto indices = at::linspace(0, static_cast<double>(x_ND.size(0) - 1), kMaxSpectrumTokens,
                                    at::TensorOptions(at::kDouble).device(x_ND.device()));
  return x_ND.index_select(0, indices.round().to(at::kLong));
}

}  // namespace freeact
