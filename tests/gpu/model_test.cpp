// Models, samplers and methods on the real device against the CPU: what tests/device holds on a fake one, where sums
// are the CPU's.
#include <ATen/Context.h>

#include "device/cases.h"
#include "generation/greedy.h"
#include "generation/likelihood.h"
#include "generation/samplers.h"
#include "gpu/gpu_test.h"
#include "kernel/cuda/site.h"
#include "model/tiny_tower.h"
#include "quant/quantised_site.h"

namespace freeact {
namespace {

// Not measured yet: float32 sums of another order through a few layers.
constexpr double kFloatError = 1e-4;

class ModelsOnGpu : public GpuTest {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    at::globalContext().setAllowTF32CuBLAS(false);  // as run/backend.cpp does
    at::globalContext().setAllowTF32CuDNN(false);
  }
};

TEST_F(ModelsOnGpu, ComputeTheCpusLogits) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, model] : every_family()) {
    const TokenBatch batch = sequence_for(model);
    EXPECT_LT(relative_difference(on_device(model, gpu_).logits(batch), model.logits(batch)), kFloatError) << name;
  }
}

TEST_F(ModelsOnGpu, SeeWhatTheySeeOnTheCpu) {
  const at::NoGradGuard no_grad;
  const std::shared_ptr<const VisionTower> qwen = test::fill(qwen_vision_tower(test::qwen_vision_config())),
                                           intern = test::fill(intern_vit(test::intern_vit_config()));
  const VisionInput patches = test::random_pictures({{4, 6}, {2, 4}}), tiles = test::random_tiles(2);
  for (const auto& [tower, input] : {std::pair{qwen, patches}, {intern, tiles}})
    EXPECT_LT(relative_difference(on_device(tower, gpu_)->features(input), tower->features(input)), kFloatError);
}

TEST_F(ModelsOnGpu, WriteTheCpusTokens) {
  const at::Tensor prompt_BP = at::arange(10, at::kLong).view({2, 5});
  for (const AnySampler& sampler : {kLlada, kDream})
    for (const Answer& answer : {Answer{}, Answer{.temperature = 0.7}, Answer{.acceleration = {"dual", 0.0}}}) {
      const Decoder model = trained_looking(sampler.model(at::kFloat));
      const auto written = [&](const Decoder& by) {
        return sampler.generate(by, prompt_BP, {}, answer, 7, nullptr, nullptr);
      };
      EXPECT_TRUE(at::equal(written(on_device(model, gpu_)), written(model))) << sampler.name;
    }
  const Decoder llama = random_llama();
  const GreedySettings settings = {.max_new_tokens = 8};
  EXPECT_EQ(generate_greedy(on_device(llama, gpu_), sequence_for(llama), settings),
            generate_greedy(llama, sequence_for(llama), settings));
}

TEST_F(ModelsOnGpu, GiveTheCpusLikelihoods) {
  const std::vector<int64_t> prompt = {3, 1, 4, 1, 5}, answer = {9, 2, 6};
  const Decoder llada = random_llada(), llama = random_llama();
  const double here = monte_carlo_nll(llada, prompt, answer, {.draws = 6}, 1);
  EXPECT_NEAR(monte_carlo_nll(on_device(llada, gpu_), prompt, answer, {.draws = 6}, 1), here, kFloatError * here);
  const double by_llama = left_to_right_nll(llama, prompt, answer);
  EXPECT_NEAR(left_to_right_nll(on_device(llama, gpu_), prompt, answer), by_llama, kFloatError * by_llama);
}

TEST_F(ModelsOnGpu, AreCalibratedAsOnTheCpu) {
  const at::NoGradGuard no_grad;
  const TokenBatch batch = tiny_batches(1)[0];
  for (MethodCase c : every_method()) {
    c.spec = with_bits(c.spec, 8);
    const DriverResult there = calibrate_on(gpu_, c), here = calibrate_on(at::kCPU, c);
    EXPECT_NEAR(mean_error(there) / mean_error(here), 1, tolerance_of(c).error) << c.name;
    EXPECT_LT(relative_difference(there.model.logits(batch), here.model.logits(batch)), tolerance_of(c).logits)
        << c.name;
  }
}

// From calibration to integer products without leaving the device.
TEST_F(ModelsOnGpu, ComputeWithTheIntegersOfWhatTheyCalibrated) {
  const at::NoGradGuard no_grad;
  const TokenBatch batch = tiny_batches(1)[0];
  const MethodCase rtn = every_method().front();
  Decoder model = calibrate_on(gpu_, rtn).model;
  const at::Tensor simulated = model.logits(batch);
  for (Block& block : model.blocks)
    for (auto& site : block.sites) {
      const auto integers = cuda_site(std::dynamic_pointer_cast<const QuantisedSite>(site), gpu_);
      ASSERT_TRUE(integers);
      site = integers;
    }
  EXPECT_LT(relative_difference(model.logits(batch), simulated.cpu()), tolerance_of(rtn).logits);
}

}  // namespace
}  // namespace freeact
