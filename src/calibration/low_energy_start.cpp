// Letters: B batch, T tokens, D width of a site as a grid [L, R].
#include "calibration/low_energy_start.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "calibration/site_maxima.h"
#include "ops/ops.h"
#include "util/random.h"

namespace freeact {
namespace {

// Sum of M M^T [L, L] over the chosen tokens, M [L, R] being a token's scaled input.
at::Tensor left_moment(const LearnableSite& site, const at::Tensor& x_BTD, const at::Tensor& chosen_BT) {
  const at::Tensor x = site.transform.scale.defined() ? x_BTD * site.transform.scale : x_BTD;
  const int64_t rows = site.transform.left->size();
  const at::Tensor grid = x.index({chosen_BT}).unflatten(-1, {rows, -1}).transpose(0, 1).flatten(1).to(at::kDouble);
  return at::matmul(grid, grid.t());
}

// Mean over token types of their moments, each of trace 1.
class LeftMoments {
 public:
  explicit LeftMoments(size_t num_types) : by_type_(num_types) {}
  void add(const LearnableSite& site, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
    for (size_t type = 0; type < by_type_.size(); ++type) {
      const at::Tensor own = left_moment(site, x_BTD, types_BT == static_cast<int64_t>(type));
      by_type_[type] = by_type_[type].defined() ? by_type_[type] + own : own;
    }
  }
  at::Tensor mean() const {
    at::Tensor sum = at::zeros_like(by_type_[0]);
    for (const auto& moment : by_type_)
      if (const double energy = moment.trace().item<double>(); energy > 0) sum += moment / energy;
    return sum;
  }

 private:
  std::vector<at::Tensor> by_type_;
};

int64_t rows_with_exclusive(const LearnableSite& site) {
  const at::Tensor exclusive_D = std::get<0>(site.keep_ND.min(0)) == 0;
  const int64_t columns = site.keep_ND.size(1) / site.transform.left->size();
  return (exclusive_D.sum().item<int64_t>() + columns - 1) / columns;
}

// [L, L] orthogonal: the `last` eigenvectors of least energy stand last.
at::Tensor rotation_of(const at::Tensor& moment_LL, int64_t last, uint64_t seed) {
  const at::Tensor vectors = std::get<1>(at::linalg_eigh(moment_LL)).flip(1);  // most energy first
  const int64_t first = vectors.size(1) - last;
  const at::Tensor drawn = orthogonal_from_gaussian(gaussian({first, first}, seed)).to(vectors.device());
  const at::Tensor mixed = at::matmul(vectors.slice(1, 0, first), drawn);
  return at::cat({mixed, vectors.slice(1, first)}, 1);
}

}  // namespace

void start_at_low_energy(const LearnedBlock& learned, const Block& block, const std::vector<BlockBatch>& batches,
                         const DecoderConfig& config, uint64_t seed) {
  const at::NoGradGuard no_grad;
  std::vector<LeftMoments> moments(kNumSites, LeftMoments(config.token_types.size()));
  visit_site_inputs(block, batches, config, [&](size_t i, const at::Tensor& x_BTD, const at::Tensor& types_BT) {
    if (learned.sites[i]->keep_ND.defined()) moments[i].add(*learned.sites[i], x_BTD, types_BT);
  });
  for (size_t i = 0; i < kNumSites; ++i) {
    const LearnableSite& site = *learned.sites[i];
    if (!site.keep_ND.defined()) continue;
    site.transform.left->start_at(
        rotation_of(moments[i].mean(), rows_with_exclusive(site), derive_seed(seed, kSiteNames[i])), seed);
  }
}

}  // namespace freeact
