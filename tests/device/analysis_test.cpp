// What else is measured on a device: activations, row spaces, surfaces, streams; and calibrations that go on.
#include <gtest/gtest.h>

#include <filesystem>

#include "calibration/activation_statistics.h"
#include "calibration/row_spaces.h"
#include "calibration/surfaces.h"
#include "device/cases.h"
#include "device/fake_accelerator.h"
#include "method/freeact/adaptive_stream.h"

namespace freeact {
namespace {

// Shares of energy, of which float32 sums decide the last digits.
constexpr double kShare = 1e-4;

TEST(AnalysisOnDevice, SeesTheCpusActivations) {
  const Decoder model = tiny_decoder(), there = on_device(model, kFakeDevice);
  const auto shapes = measure_activations(there, tiny_batches(2)), wanted = measure_activations(model, tiny_batches(2));
  ASSERT_EQ(shapes.size(), wanted.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    EXPECT_NEAR(shapes[i].shape.effective_rank, wanted[i].shape.effective_rank, kShare);
    EXPECT_EQ(shapes[i].shape.absmax, wanted[i].shape.absmax);
  }
  std::vector<double> energies;
  for (const Decoder& each : {there, model})
    visit_site_tokens(each, tiny_batches(2), [&](const SiteTokens& tokens) {
      energies.push_back(measure_row_spaces(tokens).overlaps.front().own_energy);
    });
  for (size_t i = 0; i < energies.size() / 2; ++i) EXPECT_NEAR(energies[i], energies[energies.size() / 2 + i], kShare);
}

TEST(AnalysisOnDevice, DrawsTheCpusSurfaces) {
  const SurfaceChoice choice{.layers = {0, 1}, .sites = {SiteId::kAttentionQkv, SiteId::kMlpDown}, .bins = 8};
  const Decoder model = tiny_decoder();
  const auto surfaces = measure_surfaces(on_device(model, kFakeDevice), tiny_batches(1)[0], choice),
             wanted = measure_surfaces(model, tiny_batches(1)[0], choice);
  ASSERT_EQ(surfaces.size(), wanted.size());
  for (size_t i = 0; i < surfaces.size(); ++i)
    EXPECT_EQ(surface_codes(surfaces[i].pooled_IJ, 3.0), surface_codes(wanted[i].pooled_IJ, 3.0));
}

TEST(AnalysisOnDevice, FollowsAStreamWithAllArms) {
  const Decoder model = tiny_decoder();
  const auto batches = first_block_batches(model, tiny_batches(6));
  const QuantSpec spec = every_method().back().spec;
  const auto method =
      find_method(method_table(), "freeact_plus").make({{"epochs", 1}, {"batch_size", 2}}, {spec, 1, kFakeDevice});
  auto learnt = batches;
  for (BlockBatch& batch : learnt)
    batch.outputs_BTD = model.blocks[0].forward(batch.inputs_BTD, batch.context, model.config);
  const CalibratedBlock block = method->calibrate(on_device(model.blocks[0], kFakeDevice), learnt, model.config);
  const StreamSettings settings = {.arms = adaptive_arms(true, true), .threshold = 0};
  double sum = 0;
  for (const StreamError& error :
       run_stream(block, {batches[0]}, {{batches[1]}, {batches[2]}}, model.config, settings)) {
    // Nothing at all where 16-bit directions hold all that a type has at a site.
    EXPECT_TRUE(error.error.relative_error >= 0 && error.error.relative_error < 1);
    sum += error.error.relative_error;
  }
  EXPECT_GT(sum, 0);
}

TEST(AnalysisOnDevice, CalibrationsGoOnFromSavedBlocks) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "freeact_device_progress";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const MethodCase quarot = every_method()[7];
  const auto calibrate = [&] {
    return calibrate_on(kFakeDevice, quarot, tiny_decoder(), tiny_batches(6), folder).model;
  };
  const at::NoGradGuard no_grad;
  const TokenBatch batch = tiny_batches(1)[0];
  const at::Tensor first = calibrate().logits(batch), second = calibrate().logits(batch);
  EXPECT_TRUE(at::equal(first, second));
  EXPECT_EQ(second.device(), kFakeDevice);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace freeact
