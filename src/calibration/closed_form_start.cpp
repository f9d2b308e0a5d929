// Letters: B batch, T tokens, D width of a site as a grid [L, R].
#include "calibration/closed_form_start.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>

#include "calibration/closed_form.h"
#include "calibration/site_maxima.h"
#include "util/error.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr double kDamping = 0.01;  // as the method's default

// The factor of a site along the right axis of its grid: its own, or the basis that its input arrives in.
const std::shared_ptr<LearnableMatrix>& right_factor(const LearnableSite& site) {
  return site.upstream ? site.upstream : site.transform.right;
}

// What the transform is applied to, from the block's original input.
at::Tensor seen_by_transform(const LearnableSite& site, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
  at::Tensor x = site.mean_ND.defined() ? x_BTD - rows_of_type(site.mean_ND, types_BT) : x_BTD;
  if (!site.branch.empty()) x = x - at::matmul(site.branch.coefficients(x, types_BT), site.branch.write_RD);
  return site.transform.scale.defined() ? x * site.transform.scale : x;
}

// Moments of one site's inputs, a token type each.
class TypeMoments {
 public:
  explicit TypeMoments(size_t num_types = 0) : by_type_(num_types) {}

  void add(const at::Tensor& x_BTD, const at::Tensor& types_BT, int64_t left) {
    for (size_t type = 0; type < by_type_.size(); ++type)
      if (const at::Tensor rows = x_BTD.index({types_BT == static_cast<int64_t>(type)}); rows.size(0) > 0)
        by_type_[type].add(GridMoments::of(rows, left));
  }

  // All types count alike, however many or large their tokens are: a few massive tokens of one would else decide alone.
  GridMoments sum() const {
    GridMoments all;
    for (const GridMoments& own : by_type_) {
      if (!own.left_LL.defined()) continue;
      const at::Tensor energy = own.left_LL.trace().clamp_min(1e-30);
      all.add({own.left_LL / energy, own.right_RR / energy});
    }
    return all;
  }

 private:
  std::vector<GridMoments> by_type_;
};

// Of determinant 1 or -1.
at::Tensor normalised(const at::Tensor& matrix) {
  return matrix / at::linalg_svdvals(matrix).log().mean().exp();
}

}  // namespace

TransformStart parse_transform_start(const std::string& name) {
  if (name == "random") return TransformStart::kRandom;
  if (name == "wush") return TransformStart::kWush;
  throw UserError("key 'method.start' must be random or wush, but is '{}'", name);
}

void start_at_closed_form(const LearnedBlock& learned, const Block& block, const std::vector<BlockBatch>& batches,
                          const DecoderConfig& config, uint64_t seed) {
  const at::NoGradGuard no_grad;
  std::array<TypeMoments, kNumSites> inputs;
  inputs.fill(TypeMoments(config.token_types.size()));
  visit_site_inputs(block, batches, config, [&](size_t i, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
    const LearnableSite& site = *learned.sites[i];
    inputs[i].add(seen_by_transform(site, x_BTD, types_BT), types_BT, site.transform.left->size());
  });
  for (size_t i = 0; i < kNumSites; ++i) {
    const LearnableSite& site = *learned.sites[i];
    at::Tensor weight_OD = stacked_weights(block.linears[i]);
    if (site.transform.scale.defined()) weight_OD = weight_OD / site.transform.scale;
    const uint64_t own = derive_seed(seed, fmt::format("closed form start {} {}", block.index, kSiteNames[i]));
    const BalancedFactors factors =
        balanced_factors(inputs[i].sum(), GridMoments::of(weight_OD, site.transform.left->size()), kDamping, own);
    site.transform.left->start_at_invertible(normalised(factors.left.activation), derive_seed(own, "signs left"));
    right_factor(site)->start_at_invertible(normalised(factors.right.activation), derive_seed(own, "signs right"));
  }
}

}  // namespace freeact
