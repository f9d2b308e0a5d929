#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "generation/llada_sampler.h"
#include "model/family.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr int64_t kVocabulary = 16, kMask = 15, kEnd = 14;

// One random block: predictions depend on the whole sequence, as those of a trained model do.
Decoder random_model() {
  const nlohmann::json json = {{"d_model", 8},
                               {"n_heads", 2},
                               {"n_layers", 1},
                               {"mlp_hidden_size", 8},
                               {"vocab_size", kVocabulary},
                               {"rms_norm_eps", 1e-5},
                               {"rope_theta", 1e4},
                               {"mask_token_id", kMask},
                               {"eos_token_id", kEnd}};
  const Family family = llada_family();
  const DecoderConfig config = family.read_config(json);
  uint64_t seed = 1;
  std::map<std::string, at::Tensor> tensors;
  for (const TensorSpec& spec : expected_tensors(config, family.modules))
    tensors[spec.name] = gaussian(spec.shape, ++seed).to(at::kFloat);
  Decoder model = build_decoder(
      config, family.modules, [&](const auto& name) { return tensors.at(name); }, at::kFloat);
  model.head.weight[kMask].fill_(0);  // a trained model never predicts a mask: here only with all other logits negative
  return model;
}

UnmaskSettings settings(int64_t gen_length, int64_t block_length, int64_t steps) {
  UnmaskSettings s;
  s.gen_length = gen_length;
  s.block_length = block_length;
  s.steps = steps;
  return s;
}

at::Tensor ids(const std::vector<int64_t>& values) {
  return at::tensor(values);
}

at::Tensor prompt() {
  return ids({1, 2, 3, 4, 5, 6}).view({2, 3});
}

int64_t count_masks(const at::Tensor& tokens) {
  return (tokens == kMask).sum().item<int64_t>();
}

class UnmaskTest : public testing::Test {
 protected:
  void expect_refused(const UnmaskSettings& s, const std::string& text) const {
    EXPECT_THAT([&] { generate(model_, prompt(), s); }, testing::ThrowsMessage<UserError>(testing::HasSubstr(text)));
  }
  const Decoder model_ = random_model();
};

TEST(TransfersPerStep, SplitsEachRowAsEvenlyAsItCan) {
  const at::Tensor counts = transfers_per_step(ids({7, 4, 0}), 4);
  const at::Tensor expected = ids({2, 2, 2, 1, 1, 1, 1, 1, 0, 0, 0, 0}).view({3, 4});
  EXPECT_TRUE(at::equal(counts, expected)) << counts;
}

TEST(TransfersPerStep, MoreStepsThanTokensWritesOneTokenInEachOfTheFirstSteps) {
  const at::Tensor counts = transfers_per_step(ids({2}), 5);
  EXPECT_TRUE(at::equal(counts, ids({1, 1, 0, 0, 0}).view({1, 5}))) << counts;
}

TEST_F(UnmaskTest, EveryRowEndsWithoutMasksAndKeepsItsPrompt) {
  for (const auto& s : {settings(8, 8, 8), settings(8, 8, 3), settings(8, 4, 2), settings(8, 2, 8)}) {
    const at::Tensor tokens = generate(model_, prompt(), s);
    EXPECT_EQ(tokens.size(1), 11);
    EXPECT_EQ(count_masks(tokens), 0) << s.block_length << " " << s.steps;
    EXPECT_TRUE(at::equal(tokens.slice(1, 0, 3), prompt()));
  }
}

TEST_F(UnmaskTest, RowsWithFewerMasksThanStepsAreFilledToo) {
  const at::Tensor start = ids({kMask, 1, kMask, kMask, 2, 3, kMask, 4}).view({2, 4});
  const at::Tensor tokens = unmask(model_, start, 0, settings(4, 4, 3));
  EXPECT_EQ(count_masks(tokens), 0);
  const at::Tensor given = start != kMask;
  EXPECT_TRUE(at::equal(tokens.index({given}), start.index({given})));
}

TEST_F(UnmaskTest, EachStepWritesItsShareAndOnlyInsideItsBlock) {
  const auto s = settings(8, 4, 4);  // two blocks of two steps, two tokens a step and row
  at::Tensor before = at::cat({prompt(), at::full({2, 8}, kMask, at::kLong)}, 1);
  int64_t step = 0;
  generate(model_, prompt(), s, {}, 0, [&](const at::Tensor& tokens, const at::Tensor&, const at::Tensor&) {
    const at::Tensor written = tokens != before;
    const int64_t begin = 3 + 4 * (step / 2);
    EXPECT_TRUE((written.sum(-1) == 2).all().item<bool>()) << "step " << step;
    EXPECT_EQ(written.slice(1, begin, begin + 4).sum().item<int64_t>(), 4) << "step " << step;
    before = tokens;
    ++step;
  });
  EXPECT_EQ(step, 4);
}

TEST_F(UnmaskTest, TheMostConfidentPredictionIsWrittenFirst) {
  at::Tensor before = at::cat({prompt(), at::full({2, 6}, kMask, at::kLong)}, 1);
  generate(model_, prompt(), settings(6, 6, 6), {}, 0,
           [&](const at::Tensor& tokens, const at::Tensor& predicted, const at::Tensor& confidence) {
             const at::Tensor place = confidence.argmax(-1, /*keepdim=*/true);
             EXPECT_TRUE(at::equal(tokens, before.scatter(1, place, predicted.gather(1, place))));
             before = tokens;
           });
}

TEST_F(UnmaskTest, WithoutNoiseTheSeedDoesNotMatter) {
  const auto s = settings(8, 4, 8);
  EXPECT_TRUE(at::equal(generate(model_, prompt(), s, {}, 1), generate(model_, prompt(), s, {}, 2)));
}

TEST_F(UnmaskTest, NoiseAndRandomOrderFollowTheSeed) {
  auto noisy = settings(12, 12, 12);
  noisy.temperature = 2.0;
  auto random_order = settings(12, 12, 12);
  random_order.remasking = "random";
  for (const auto& s : {noisy, random_order}) {
    EXPECT_TRUE(at::equal(generate(model_, prompt(), s, {}, 1), generate(model_, prompt(), s, {}, 1)));
    EXPECT_FALSE(at::equal(generate(model_, prompt(), s, {}, 1), generate(model_, prompt(), s, {}, 2)));
  }
}

TEST_F(UnmaskTest, AForbiddenEndIsNeverWritten) {
  Decoder ending = model_;
  ending.head.weight = model_.head.weight.clone();
  ending.head.weight[kEnd] = model_.head.weight.abs().sum(0);
  auto s = settings(8, 8, 8);
  s.logits_eos_inf = true;
  EXPECT_EQ((generate(ending, prompt(), s) == kEnd).sum().item<int64_t>(), 0);
}

TEST_F(UnmaskTest, ZeroGuidanceIsThePlainForwardPass) {
  const at::Tensor start = prompt(), given = at::ones_like(start, at::kBool);
  EXPECT_TRUE(at::equal(guided_logits(model_, start, given, 0), model_.logits(start)));
  const at::Tensor plain = model_.logits(start), blind = model_.logits(at::full_like(start, kMask));
  EXPECT_TRUE(at::allclose(guided_logits(model_, start, given, 0.5), blind + 1.5 * (plain - blind), 1e-4, 1e-5));
}

TEST_F(UnmaskTest, SettingsThatDoNotFitTogetherAreRefused) {
  expect_refused(settings(8, 3, 8), "gen_length 8 is no multiple of block_length 3");
  expect_refused(settings(8, 0, 8), "block_length 0");
  expect_refused(settings(8, 4, 3), "steps 3 is no multiple of the 2 blocks");
  expect_refused(settings(8, 4, 0), "steps 0");
  auto s = settings(8, 8, 8);
  s.remasking = "entropy";
  expect_refused(s, "no remasking (order) 'entropy'");
  s = settings(8, 8, 8);
  s.temperature = -1;
  expect_refused(s, "temperature");
}

}  // namespace
}  // namespace freeact
