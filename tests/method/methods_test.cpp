// What holds for every method of the table, whatever it does inside.
#include "app/methods.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "calibration/tiny_decoder.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr QuantSpec kFloat = {{16, true}, {16, true}, {16, true}, {16, true}};
constexpr QuantSpec kFour = {{4, true}, {4, true}, {16, true}, {16, true}};
constexpr QuantSpec kFourKv = {{4, true}, {4, true}, {4, false}, {4, false}};

DriverResult quantise(const std::string& name, const Json& settings, const QuantSpec& spec, uint64_t seed,
                      const Decoder& model = tiny_decoder(), const std::vector<TokenBatch>& data = tiny_batches(6)) {
  const auto table = method_table();
  const auto method = find_method(table, name).make(settings, {spec, seed});
  DriverJob job;
  job.calibration = {data.begin(), data.begin() + 4};
  job.held_out = {data.begin(), data.begin() + 2};
  Decoder prepared = model;
  {
    const at::NoGradGuard no_grad;
    method->prepare(prepared, job.calibration);
  }
  job.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
    return method->calibrate(block, batches, prepared.config);
  };
  return calibrate_model(prepared, job);
}

at::Tensor logits(const Decoder& model) {
  const at::NoGradGuard no_grad;
  return model.logits(tiny_batches(1)[0]);
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

double mean_error(const DriverResult& result) {
  double sum = 0;
  for (const auto& error : result.errors) sum += error.relative_error;
  return sum / static_cast<double>(result.errors.size());
}

Json quick(const std::string& name) {
  if (name == "flatquant" || name == "freeact" || name == "freeact_plus") return {{"epochs", 2}, {"batch_size", 2}};
  return Json::object();
}

struct Shape {
  int64_t width, heads, kv_heads, mlp_width;
};

class EveryMethod : public testing::TestWithParam<std::string> {};

// Folding, rotation and transforms are exact: with 16-bit grids the model computes what it did before. Head and MLP
// sizes that are no power of two are among the shapes.
TEST_P(EveryMethod, LeavesTheUnquantisedModelUnchanged) {
  for (const Shape s : {Shape{24, 4, 2, 40}, Shape{24, 2, 2, 36}, Shape{60, 3, 1, 28}, Shape{48, 12, 4, 52}}) {
    const Decoder model = tiny_decoder(s.width, s.heads, s.kv_heads, s.mlp_width);
    Json settings = quick(GetParam());
    if (GetParam() == "freeact") settings["rank_fraction"] = 0.0;  // slices truncate; see the next test
    const at::Tensor before = logits(model), after = logits(quantise(GetParam(), settings, kFloat, 1, model).model);
    EXPECT_LT(relative_difference(after, before), 2e-5) << s.width << " " << s.heads;
  }
}

TEST_P(EveryMethod, GivesTheSameBitsTwice) {
  const auto a = quantise(GetParam(), quick(GetParam()), kFour, 5),
             b = quantise(GetParam(), quick(GetParam()), kFour, 5);
  EXPECT_TRUE(at::equal(logits(a.model), logits(b.model)));
  ASSERT_EQ(a.errors.size(), b.errors.size());
  for (size_t i = 0; i < a.errors.size(); ++i) EXPECT_EQ(a.errors[i].relative_error, b.errors[i].relative_error);
}

TEST_P(EveryMethod, ReportsAnErrorForEverySiteLayerAndType) {
  const auto result = quantise(GetParam(), quick(GetParam()), kFour, 1);
  EXPECT_EQ(result.errors.size(), size_t{2 * kNumSites * 2});
  for (const auto& error : result.errors) {
    EXPECT_GT(error.relative_error, 0);
    EXPECT_LT(error.relative_error, 1);
    EXPECT_GT(error.tokens, 0);
  }
}

TEST_P(EveryMethod, QuantisesKeysAndValues) {
  const at::Tensor with = logits(quantise(GetParam(), quick(GetParam()), kFourKv, 1).model);
  const at::Tensor without = logits(quantise(GetParam(), quick(GetParam()), kFour, 1).model);
  EXPECT_FALSE(at::allclose(with, without));
  EXPECT_LT(relative_difference(with, logits(tiny_decoder())), 1.0);
}

// Whatever a method does to both sides of a site, its weights can be rounded by GPTQ in the end.
TEST_P(EveryMethod, HasASmallerErrorWithGptq) {
  Json settings = quick(GetParam());
  settings["w_rounding"] = "nearest";
  const double nearest = mean_error(quantise(GetParam(), settings, kFour, 1));
  settings["w_rounding"] = "gptq";
  EXPECT_LT(mean_error(quantise(GetParam(), settings, kFour, 1)), 0.95 * nearest);
}

// Prompts with an image of `num_tokens` tokens behind the second token, its features as large as embeddings.
std::vector<TokenBatch> batches_with_images(const Decoder& model, int64_t num_tokens) {
  std::vector<TokenBatch> batches = tiny_batches(6);
  for (TokenBatch& batch : batches) {
    const at::Tensor image = at::full({2, num_tokens}, model.config.feature_id, at::kLong);
    batch.ids_BT = at::cat({batch.ids_BT.slice(1, 0, 2), image, batch.ids_BT.slice(1, 2)}, 1);
    batch.features_ND = at::randn({2 * num_tokens, model.config.width}) * model.embedding.std();
  }
  return batches;
}

// The same code on checkpoints in the published form.
TEST_P(EveryMethod, RunsOnPublishedFamilies) {
  for (const char* set : {"llada_tiny", "dream_tiny", "qwen2_5_vl_tiny", "internvl2_5_tiny"}) {
    const auto folder = std::filesystem::path(FREEACT_SOURCE_DIR) / "tests/golden/data" / set;
    Decoder model = load_decoder(CheckpointFolder(folder), "", at::kFloat);
    const bool sees = model.config.token_types[1] == "vision";
    if (sees) model.config.feature_id = model.config.vocabulary_rows - 1;
    const auto data = sees ? batches_with_images(model, 4) : tiny_batches(6);
    DriverResult result = quantise(GetParam(), quick(GetParam()), kFour, 1, model, data);
    const at::NoGradGuard no_grad;
    const at::Tensor got = result.model.logits(data[0]), wanted = model.logits(data[0]);
    EXPECT_LT(relative_difference(got, wanted), 1.5) << folder;  // NaN fails as well
    EXPECT_GT(relative_difference(got, wanted), 1e-3) << folder;
    if (sees) {
      EXPECT_EQ(result.errors.size(), model.blocks.size() * kNumSites * 2) << "errors of both token types";
    }
  }
}

// Features enter the model in the basis that a rotation has given it.
TEST_P(EveryMethod, LeavesPromptsWithImagesUnchanged) {
  Decoder model = tiny_decoder();
  model.config.feature_id = 30;  // no token of the batches
  const auto data = batches_with_images(model, 3);
  Json settings = quick(GetParam());
  if (GetParam() == "freeact") settings["rank_fraction"] = 0.0;
  DriverResult result = quantise(GetParam(), settings, kFloat, 1, model, data);
  const at::NoGradGuard no_grad;
  EXPECT_LT(relative_difference(result.model.logits(data[0]), model.logits(data[0])), 2e-5);
}

TEST_P(EveryMethod, RefusesUnknownSettings) {
  const auto table = method_table();
  EXPECT_THROW(find_method(table, GetParam()).resolve({{"no_such_key", 1}}), UserError);
}

std::vector<std::string> names_of_the_table() {
  std::vector<std::string> names;
  for (const MethodEntry& entry : method_table()) names.push_back(entry.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryMethod, testing::ValuesIn(names_of_the_table()),
                         [](const auto& one) { return one.param; });

TEST(FreeAct, WithRankZeroAndTheSameParametrisationIsFlatQuantBitForBit) {
  const Json freeact = {
      {"epochs", 3}, {"batch_size", 2}, {"rank_fraction", 0.0}, {"orthogonal", false}, {"loss", "block"}};
  const Json flatquant = {{"epochs", 3}, {"batch_size", 2}};
  const auto a = quantise("freeact", freeact, kFour, 9), b = quantise("flatquant", flatquant, kFour, 9);
  EXPECT_TRUE(at::equal(logits(a.model), logits(b.model)));
  ASSERT_EQ(a.errors.size(), b.errors.size());
  for (size_t i = 0; i < a.errors.size(); ++i) EXPECT_EQ(a.errors[i].relative_error, b.errors[i].relative_error);
}

TEST(FreeAct, SlicesTruncateWhatFullRankActivationsHold) {
  const Json settings = {{"epochs", 1}, {"batch_size", 2}, {"rank_fraction", 0.125}};
  const double change =
      relative_difference(logits(quantise("freeact", settings, kFloat, 1).model), logits(tiny_decoder()));
  EXPECT_GT(change, 1e-3);
}

TEST(FreeAct, RanksMustFitTheTokenTypes) {
  EXPECT_THROW(quantise("freeact", {{"ranks", {1, 1, 1}}}, kFour, 1), UserError);
}

TEST(FreeAct, AMeanPerTypeIsExactInFloat) {
  const Json settings = {{"epochs", 1}, {"batch_size", 2}, {"rank_fraction", 0.0}, {"type_mean", "type"}};
  EXPECT_LT(relative_difference(logits(quantise("freeact", settings, kFloat, 1).model), logits(tiny_decoder())), 2e-5);
}

// Every part off: FlatQuant, bit for bit. Each part is a switch of its own.
TEST(FreeActPlus, WithAllPartsOffIsFlatQuantBitForBit) {
  const Json off = {{"epochs", 3},      {"batch_size", 2}, {"type_mean", "none"},
                    {"branch", "none"}, {"loss", "block"}, {"w_rounding", "nearest"}};
  const auto a = quantise("freeact_plus", off, kFour, 9),
             b = quantise("flatquant", {{"epochs", 3}, {"batch_size", 2}}, kFour, 9);
  EXPECT_TRUE(at::equal(logits(a.model), logits(b.model)));
}

TEST(FreeActPlus, SixteenBitDirectionsLowerTheErrorAndDroppedOnesNeverRaiseItMuch) {
  const auto with = [](const char* branch) {
    return mean_error(quantise("freeact_plus",
                               {{"epochs", 5},
                                {"batch_size", 2},
                                {"type_mean", "none"},
                                {"branch", branch},
                                {"branch_fraction", 0.125},
                                {"loss", "block"}},
                               kFour, 9));
  };
  const double none = with("none");
  EXPECT_LT(with("keep"), 0.9 * none);
  EXPECT_LT(with("drop"), 1.1 * none);  // 0 directions always compete
}

TEST(Methods, LearningLowersTheErrorOfRounding) {
  EXPECT_LT(mean_error(quantise("flatquant", {{"epochs", 15}, {"batch_size", 2}}, kFour, 1)),
            mean_error(quantise("rtn", Json::object(), kFour, 1)));
}

TEST(Methods, MisspeltNameSuggestsTheNearOne) {
  const auto table = method_table();
  try {
    find_method(table, "freact");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'freeact'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace freeact
