#include "calibration/low_energy_start.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "calibration/site_maxima.h"
#include "calibration/tiny_decoder.h"

namespace freeact {
namespace {

class LowEnergyStart : public testing::Test {
 protected:
  LowEnergyStart() : model_(tiny_decoder()), batches_(first_block_batches(model_, tiny_batches(4))) {
    settings_.parametrisation = Parametrisation::kOrthogonal;
    settings_.ranks = [](int64_t width) { return std::vector<int64_t>{width / 12, width / 12}; };
  }

  LearnedBlock block() const {
    const QuantSpec spec = {{4, true}, {4, true}, {16, true}, {16, true}};
    const Block& first = model_.blocks[0];
    return make_learned_block(first, model_.config, spec, settings_, collect_maxima(first, batches_, model_.config), 1);
  }
  // Share of the energy of a site's transformed activations that its slices remove.
  double lost(const LearnedBlock& learned, SiteId id) const {
    const at::NoGradGuard no_grad;
    const LearnableSite& site = learned.site(id);
    double kept = 0, all = 0;
    visit_site_inputs(model_.blocks[0], batches_, model_.config,
                      [&](size_t i, const at::Tensor& x, const at::Tensor& types) {
                        if (i != static_cast<size_t>(id)) return;
                        kept += site.transformed(x, types).square().sum().item<double>();
                        all += site.transform.activation(x).square().sum().item<double>();
                      });
    return 1 - kept / all;
  }

  Decoder model_;
  std::vector<BlockBatch> batches_;
  LearnedSettings settings_;
};

TEST_F(LowEnergyStart, LosesLessThanARandomStart) {
  const LearnedBlock random = block(), chosen = block();
  start_at_low_energy(chosen, model_.blocks[0], batches_, model_.config, 1);
  for (const SiteId id : {SiteId::kAttentionQkv, SiteId::kMlpGateUp, SiteId::kMlpDown})
    EXPECT_LT(lost(chosen, id), 0.7 * lost(random, id)) << site_name(id);
}

TEST_F(LowEnergyStart, KeepsTheTransformOrthogonal) {
  const LearnedBlock chosen = block();
  start_at_low_energy(chosen, model_.blocks[0], batches_, model_.config, 1);
  for (const auto& site : chosen.sites) {
    const at::Tensor left = site->transform.left->matrix();
    EXPECT_TRUE(at::allclose(at::matmul(left.t(), left), at::eye(left.size(0)), 0, 1e-5));
  }
}

TEST_F(LowEnergyStart, LeavesSitesWithoutSlicesAlone) {
  settings_.ranks = nullptr;
  const LearnedBlock learned = block();
  const at::Tensor before = learned.site(SiteId::kMlpDown).transform.left->matrix();
  start_at_low_energy(learned, model_.blocks[0], batches_, model_.config, 1);
  EXPECT_TRUE(at::equal(learned.site(SiteId::kMlpDown).transform.left->matrix(), before));
}

}  // namespace
}  // namespace freeact
