// Models on a device that is not the CPU: the same numbers, and no tensor on the wrong side.
#include <gtest/gtest.h>

#include "device/cases.h"
#include "device/fake_accelerator.h"
#include "generation/greedy.h"
#include "generation/likelihood.h"
#include "generation/samplers.h"
#include "model/tiny_tower.h"
#include "quant/quantised_site.h"

namespace freeact {
namespace {

using test::fill;

TEST(ModelsOnDevice, ComputeTheCpusLogitsToTheBit) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, model] : every_family()) {
    const Decoder there = on_device(model, kFakeDevice);
    const TokenBatch batch = sequence_for(model);
    const at::Tensor logits = there.logits(batch);
    EXPECT_EQ(logits.device(), kFakeDevice) << name;
    EXPECT_TRUE(at::equal(logits.cpu(), model.logits(batch))) << name;
  }
}

TEST(ModelsOnDevice, HidePads) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, model] : every_family()) {
    if (model.config.causal) continue;
    const at::Tensor ids_BT = sequence_for(model).ids_BT.expand({2, -1});
    at::Tensor mask_BT = at::ones_like(ids_BT);
    mask_BT[1].slice(0, 0, 2).zero_();
    EXPECT_TRUE(at::equal(on_device(model, kFakeDevice).logits(ids_BT, mask_BT).cpu(), model.logits(ids_BT, mask_BT)))
        << name;
  }
}

TEST(ModelsOnDevice, MovingThereAndBackChangesNothing) {
  const at::NoGradGuard no_grad;
  const Decoder model = random_dream();
  const Decoder back = on_device(on_device(model, kFakeDevice), at::kCPU);
  EXPECT_TRUE(at::equal(back.logits(sequence_for(model)), model.logits(sequence_for(model))));
  EXPECT_TRUE(on_device(model, at::kCPU).embedding.is_same(model.embedding)) << "copied without need";
  Decoder tied = random_llama();
  tied.head.weight = tied.embedding;
  const Decoder moved = on_device(tied, kFakeDevice);
  EXPECT_TRUE(moved.head.weight.is_same(moved.embedding)) << "an embedding that is the head lies there twice";
}

// ---- what comes out of them

TEST(SamplersOnDevice, WriteTheCpusTokens) {
  for (const AnySampler& sampler : {kLlada, kDream})
    for (const Answer& answer : {Answer{}, Answer{.temperature = 0.7}, Answer{.acceleration = {"prefix", 0.4}},
                                 Answer{.acceleration = {"dual", 0.0}}, Answer{.cfg_scale = 0.5}}) {
      const Decoder model = trained_looking(sampler.model(at::kFloat));
      const at::Tensor prompt_BP = at::arange(10, at::kLong).view({2, 5});
      at::Tensor mask_BP = at::ones_like(prompt_BP);
      mask_BP[1][0] = 0;
      for (const at::Tensor& mask : {at::Tensor(), mask_BP}) {
        const auto written = [&](const Decoder& by) {
          int steps = 0;
          const auto observer = [&](const at::Tensor& tokens_BL, const at::Tensor& ids_BL, const at::Tensor& sure_BL) {
            EXPECT_TRUE(tokens_BL.is_cpu() && ids_BL.is_cpu() && sure_BL.is_cpu());
            ++steps;
          };
          const at::Tensor tokens_BL = sampler.generate(by, prompt_BP, mask, answer, 7, observer, nullptr);
          EXPECT_GT(steps, 0);
          return tokens_BL;
        };
        const at::Tensor tokens_BL = written(on_device(model, kFakeDevice));
        EXPECT_TRUE(tokens_BL.is_cpu());
        EXPECT_TRUE(at::equal(tokens_BL, written(model))) << sampler.name;
      }
    }
}

TEST(SamplersOnDevice, ReadFromLeftToRightWithACache) {
  for (const auto& [name, model] : every_family()) {
    if (!model.config.causal) continue;
    const GreedySettings settings = {.max_new_tokens = 8, .repetition_penalty = 1.1};
    EXPECT_EQ(generate_greedy(on_device(model, kFakeDevice), sequence_for(model), settings),
              generate_greedy(model, sequence_for(model), settings))
        << name;
  }
}

TEST(LikelihoodsOnDevice, AreTheCpus) {
  const std::vector<int64_t> prompt = {3, 1, 4, 1, 5}, answer = {9, 2, 6};
  for (const auto& [name, model] : every_family()) {
    const Decoder there = on_device(model, kFakeDevice);
    if (model.config.causal) {
      EXPECT_EQ(left_to_right_nll(there, prompt, answer), left_to_right_nll(model, prompt, answer)) << name;
      continue;
    }
    const MonteCarloSettings settings = {.draws = 6, .batch_size = 3, .cfg_scale = 0.5};
    EXPECT_EQ(monte_carlo_nll(there, prompt, answer, settings, 1), monte_carlo_nll(model, prompt, answer, settings, 1))
        << name;
    const at::Tensor ids_BT = sequence_for(model).ids_BT, masked_BT = ids_BT == model.config.mask_id;
    const at::NoGradGuard no_grad;
    const at::Tensor nll_M = masked_token_nll(there, ids_BT, at::zeros_like(ids_BT), masked_BT);
    EXPECT_TRUE(at::equal(nll_M, masked_token_nll(model, ids_BT, at::zeros_like(ids_BT), masked_BT))) << name;
  }
}

// ---- towers

// Rounded as `run` rounds a tower.
std::shared_ptr<const VisionTower> tower(std::unique_ptr<VisionTower> (*make)(const nlohmann::json&),
                                         const nlohmann::json& config, bool quantised) {
  std::shared_ptr<VisionTower> made = fill(make(config));
  for (VisionLinear* layer : made->linears()) {
    if (!quantised) break;
    QuantisedSite::Parts parts;
    parts.activation_grid = {8};
    parts.linears = {quantise_linear(layer->linear.weight, layer->linear.bias, {8})};
    layer->site = std::make_shared<QuantisedSite>(std::move(parts));
  }
  return made;
}

// Qwen's patches are embedded by a convolution on the CPU, by a product elsewhere; sites of 8 bits compute with exact
// integers on the CPU. Measured: 3e-7 and 5e-7; a code that moved, as sums of another order may have it, would give
// some 1e-3.
TEST(TowersOnDevice, SeeWhatTheySeeOnTheCpu) {
  const at::NoGradGuard no_grad;
  for (const bool quantised : {false, true}) {
    const auto qwen = tower(qwen_vision_tower, test::qwen_vision_config(), quantised),
               intern = tower(intern_vit, test::intern_vit_config(), quantised);
    const VisionInput patches = test::random_pictures({{4, 6}, {2, 4}}), tiles = test::random_tiles(2);
    for (const auto& [seeing, input] : {std::pair{qwen, patches}, {intern, tiles}}) {
      const at::Tensor features_ND = on_device(seeing, kFakeDevice)->features(input);
      EXPECT_EQ(features_ND.device(), kFakeDevice);
      EXPECT_LT(relative_difference(features_ND, seeing->features(input)), quantised ? 5e-3 : 2e-6);
    }
  }
}

}  // namespace
}  // namespace freeact
