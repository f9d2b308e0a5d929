#include "bench/cpu_random_sites.h"

#include <ATen/ATen.h>

#include <cmath>

#include "bench/cpu_checks.h"
#include "kernel/cpu/site.h"
#include "ops/ops.h"
#include "util/error.h"
#include "util/random.h"

namespace freeact {
namespace {

int64_t largest_divisor_below_root(int64_t width) {
  int64_t divisor = static_cast<int64_t>(std::sqrt(static_cast<double>(width)));
  while (width % divisor != 0) --divisor;
  return divisor;
}

at::Tensor random_rotation(int64_t size, uint64_t seed) {
  return orthogonal_from_gaussian(gaussian({size, size}, seed)).to(at::kFloat).contiguous();
}

std::string place(const Block& block, SiteId id) {
  return fmt::format("block {} {}", block.index, site_name(id));
}

}  // namespace

KroneckerFactors random_factors(int64_t width, uint64_t seed) {
  const int64_t left = largest_divisor_below_root(width);
  return {random_rotation(left, derive_seed(seed, "left factor")),
          random_rotation(width / left, derive_seed(seed, "right factor"))};
}

at::Tensor published_slices(int64_t width, int64_t num_types) {
  if (num_types == 1) return at::ones({1, width});
  return slice_mask(width, std::vector<int64_t>(static_cast<size_t>(num_types), width / 32));
}

TransformChain make_chain(const KroneckerFactors& factors, const at::Tensor& keep_ND) {
  // The inverse transpose of an orthogonal factor is the factor.
  return {std::make_shared<KroneckerTransform>(
              KroneckerTransform::Factors{factors.left, factors.right, factors.left, factors.right}),
          std::make_shared<SliceTransform>(keep_ND)};
}

std::shared_ptr<const QuantisedSite> random_quantised_site(const Block& block, SiteId id, int64_t num_types,
                                                           uint64_t seed) {
  const Grid grid = {4, true};
  const int64_t width = block.at(id).front().weight.size(1);
  QuantisedSite::Parts parts;
  parts.transforms =
      make_chain(random_factors(width, derive_seed(seed, place(block, id))), published_slices(width, num_types));
  parts.activation_grid = grid;
  for (const Linear& linear : block.at(id))
    parts.linears.push_back(
        quantise_linear(apply_weight(parts.transforms, linear.weight.to(at::kFloat)), linear.bias, grid));
  return std::make_shared<QuantisedSite>(std::move(parts));
}

QuantisedPair random_quantised(const Decoder& model, uint64_t seed) {
  QuantisedPair pair{model, model};
  const auto num_types = std::ssize(model.config.token_types);
  for (size_t b = 0; b < model.blocks.size(); ++b)
    for (size_t s = 0; s < kNumSites; ++s) {
      const auto site = random_quantised_site(model.blocks[b], static_cast<SiteId>(s), num_types, seed);
      pair.simulated.blocks[b].sites[s] = site;
      pair.integer.blocks[b].sites[s] = cpu_site(site);
      FREEACT_CHECK(pair.integer.blocks[b].sites[s] != nullptr, "a site has no integers");
    }
  return pair;
}

void check_site(const Site& simulated, const Site& integer, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
  const auto expected = simulated.forward(x_BTD, types_BT), found = integer.forward(x_BTD, types_BT);
  FREEACT_CHECK(found.size() == expected.size(), "{} outputs for {}", found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) check_close(found[i], expected[i], "a site with integers");
}

}  // namespace freeact
