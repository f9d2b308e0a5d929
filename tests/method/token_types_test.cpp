// The methods with any number of token types.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include <set>

#include "app/methods.h"
#include "calibration/tiny_decoder.h"
#include "quant/quantised_site.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr QuantSpec kFour = {{4, true}, {4, true}, {16, true}, {16, true}};

struct Types {
  TypeScheme scheme;
  size_t count;
};

Decoder model_with(TypeScheme scheme) {
  Decoder model = tiny_decoder();
  if (scheme == TypeScheme::kTextVisionSystemAnswer) {
    model.config.feature_id = 29;
    model.config.mask_id = -1;
    model.config.causal = true;
  }
  set_type_rule(model.config, {scheme});
  return model;
}

// The roles go around, so that all types occur in every batch.
std::vector<TokenBatch> batches_with_roles(int64_t count, const DecoderConfig& config) {
  std::vector<TokenBatch> batches = tiny_batches(count);
  for (TokenBatch& batch : batches) {
    batch.roles_BT = at::tensor({0, 1, 1, 2, 2, 2}, at::kLong).expand({2, 6});
    if (config.feature_id >= 0) batch.ids_BT.select(1, 1).fill_(config.feature_id);
  }
  return batches;
}

DriverResult quantise(const std::string& name, Json settings, const Decoder& model) {
  settings.update({{"epochs", 2}, {"batch_size", 2}});
  const auto table = method_table();
  const auto method = find_method(table, name).make(settings, {kFour, 1});
  DriverJob job;
  job.calibration = batches_with_roles(4, model.config);
  job.held_out = batches_with_roles(2, model.config);
  job.calibrate = [&](const Block& block, const std::vector<BlockBatch>& batches) {
    return method->calibrate(block, batches, model.config);
  };
  return calibrate_model(model, job);
}

class EveryTypeScheme : public testing::TestWithParam<Types> {};

TEST_P(EveryTypeScheme, GoesThroughCalibrationAndForward) {
  const at::NoGradGuard no_grad;
  const Decoder model = model_with(GetParam().scheme);
  const TokenBatch batch = batches_with_roles(1, model.config)[0];
  const at::Tensor before = model.logits(batch);
  for (const char* name : {"freeact", "freeact_plus"}) {
    const DriverResult result = quantise(name, Json::object(), model);
    const at::Tensor after = result.model.logits(batch);
    EXPECT_LT(((after - before).norm() / before.norm()).item<double>(), 1) << name;
    std::set<int64_t> types;
    for (const auto& error : result.errors) types.insert(error.token_type);
    EXPECT_EQ(types.size(), GetParam().count) << name << ": an error of every type";
  }
}

INSTANTIATE_TEST_SUITE_P(Schemes, EveryTypeScheme,
                         testing::Values(Types{TypeScheme::kOne, 1}, Types{TypeScheme::kPromptGeneratedMask, 3},
                                         Types{TypeScheme::kEarlyLateMask, 3},
                                         Types{TypeScheme::kTextVisionSystemAnswer, 4}));

// A calibrated site treats the same activations by the roles of their tokens.
TEST(TypesOfMethods, ReachTheSites) {
  const at::NoGradGuard no_grad;
  const Decoder model = model_with(TypeScheme::kPromptGeneratedMask);
  TokenBatch batch = batches_with_roles(1, model.config)[0];
  for (const char* name : {"freeact", "freeact_plus"}) {
    const Decoder quantised = quantise(name, Json::object(), model).model;
    const at::Tensor as_answer = quantised.logits(batch);
    TokenBatch asked = batch;
    asked.roles_BT = at::ones_like(batch.roles_BT);
    EXPECT_FALSE(at::equal(quantised.logits(asked), as_answer)) << name;
    EXPECT_TRUE(at::equal(model.logits(asked), model.logits(batch))) << "in 16 bits they do not matter";
  }
}

TEST(TypesOfMethods, RanksThatDoNotFitAreRefused) {
  const Decoder model = model_with(TypeScheme::kEarlyLateMask);
  EXPECT_THAT(
      [&] {
        quantise("freeact", {{"rank_fraction", 0.4}}, model);
      },
      ThrowsMessage<UserError>(
          HasSubstr("key 'method.rank_fraction' is 0.4, but the ranks of the model's 3 token types")));
  EXPECT_THAT(
      [&] {
        quantise("freeact", {{"ranks", {1, 1}}}, model);
      },
      ThrowsMessage<UserError>(HasSubstr("has 2 entries, but the model has 3 token types")));
}

}  // namespace
}  // namespace freeact
