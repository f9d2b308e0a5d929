// Calibration on what a model writes itself, and weights of its tokens.
#include "run/calibration_states.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <fstream>

#include "../eval/fixtures.h"
#include "../model/random_model.h"
#include "eval/decoding.h"
#include "run/calibration_data.h"
#include "run/loss_weights.h"
#include "util/error.h"

namespace freeact {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

Decoder model_of(const Family& family, nlohmann::json config, const Tokenizer& tokenizer) {
  for (const char* key : {"vocab_size", "embedding_size"})
    if (config.contains(key)) config[key] = tokenizer.size();
  config["mask_token_id"] = special_ids(tokenizer).mask;
  config["eos_token_id"] = special_ids(tokenizer).end;
  Decoder model = random_decoder(family.read_config(config), family.modules);
  model.head.weight[special_ids(tokenizer).mask].zero_();
  return model;
}

// Eight items "1=abcd" to "8=abcd": four masks, and so four states, each.
class CalibrationStates : public testing::Test {
 protected:
  void SetUp() override {
    write_text(folder_ / "items/layout.json", R"({"text": "{input}={answer}", "blank": "", "length": 0})");
    std::string items;
    for (int i = 1; i < 9; ++i) items += fmt::format("{{\"input\": \"{}\", \"answer\": \"abcd\"}}\n", i);
    write_text(folder_ / "items/calibration.jsonl", items);
    config_.dataset = "items";
    config_.num_samples = 4;
  }
  CalibrationSequences draw(const Decoder& model, uint64_t seed = 1) const {
    return draw_calibration(config_, folder_, model, tokenizer_, seed);
  }
  int64_t masks(const TokenBatch& batch) const { return (batch.ids_BT == mask_).sum().item<int64_t>(); }

  const std::filesystem::path folder_ = test_folder();
  const Tokenizer tokenizer_ = byte_tokenizer(folder_);
  const int64_t mask_ = special_ids(tokenizer_).mask;
  const Decoder llada_ = model_of(llada_family(), llada_config(), tokenizer_);
  const Decoder dream_ = model_of(dream_family(), dream_config(), tokenizer_);
  CalibrationConfig config_;
};

TEST_F(CalibrationStates, AreThoseTheModelGoesThroughStratifiedOverTheSteps) {
  config_.states = "decoding";
  for (const Decoder* model : {&llada_, &dream_}) {
    const auto drawn = draw(*model);
    for (const auto& sequences : {drawn.calibration, drawn.held_out}) {
      std::vector<int64_t> counts;
      for (const auto& sequence : sequences) counts.push_back(masks(sequence));
      std::sort(counts.begin(), counts.end());
      if (model == &llada_) {
        EXPECT_THAT(counts, testing::ElementsAre(1, 2, 3, 4)) << "a token a step, a quarter each";
      }
      EXPECT_GT(counts.front(), 0) << model->config.family;
      EXPECT_GT(counts.back(), counts.front()) << model->config.family;
    }
  }
}

TEST_F(CalibrationStates, AreWhatTheSamplerItselfReachesFromThere) {
  std::vector<TokenSequence> sequences;
  for (const char* text : {"1=", "22=", "3="}) {
    std::vector<int64_t> ids = tokenizer_.encode(std::string(text) + "abcd");
    sequences.push_back(blank_text(ids, ids.size() - 4, mask_));
  }
  const auto states = decoded_states(sequences, {1.0, 0.3, 0.0}, {}, llada_, tokenizer_, 5);
  EXPECT_EQ(states[0], sequences[0].masked) << "all steps are to come";
  const auto whole = complete(sequences, {}, 4, llada_, tokenizer_, 5);
  for (size_t i = 0; i < 3; ++i) {
    TokenSequence rest = sequences[i];
    rest.masked = states[i];
    EXPECT_EQ(complete({rest}, {}, 1, llada_, tokenizer_, 5)[0], whole[i]) << "row " << i;
    for (size_t j = 0; j < states[i].size(); ++j)
      if (states[i][j] != mask_) {
        EXPECT_EQ(states[i][j], whole[i][j]);
      }
  }
  EXPECT_EQ(std::count(states[1].begin(), states[1].end(), mask_), 2);
  EXPECT_EQ(std::count(states[2].begin(), states[2].end(), mask_), 1);
}

TEST_F(CalibrationStates, KnowWhatWasGiven) {
  for (const char* states : {"masked", "decoding"}) {
    config_.states = states;
    for (const auto& sequence : draw(llada_).calibration)
      EXPECT_TRUE(at::equal(sequence.roles_BT, roles_of_prompt(2, 6))) << states;
  }
}

TEST_F(CalibrationStates, OfRunningTextAreItsSecondHalf) {
  write_text(folder_ / "text.txt", std::string(4000, 'x'));
  config_.dataset = "text.txt";
  config_.sequence_length = 6;
  config_.states = "decoding";
  for (const auto& sequence : draw(llada_).calibration)
    EXPECT_TRUE(at::equal(sequence.roles_BT, roles_of_prompt(3, 6)));
}

TEST_F(CalibrationStates, SettingsReachTheSampler) {
  config_.states = "decoding";
  config_.mask_ratio_max = 0.5;
  config_.decoding = {{"tokens_per_step", 2}};
  for (const auto& sequence : draw(llada_).calibration) EXPECT_EQ(masks(sequence), 2) << "the last of two steps";
  config_.decoding = {{"max_new_tokens", 4}};
  EXPECT_THAT([&] { draw(llada_); }, ThrowsMessage<UserError>(HasSubstr("calibration.decoding.max_new_tokens")));
  config_.decoding = {{"temprature", 1}};
  EXPECT_THAT([&] { draw(llada_); }, ThrowsMessage<UserError>(HasSubstr("calibration.decoding.temperature")));
}

TEST_F(CalibrationStates, NeedMasks) {
  DecoderConfig causal = llama_family().read_config(llama_config());
  config_.states = "decoding";
  EXPECT_THAT(
      [&] { check_calibration_fits(config_, folder_, causal, false); },
      ThrowsMessage<UserError>(HasSubstr("calibration.states is decoding, which needs a masked-diffusion model")));
  config_.states = "masked";
  config_.loss_weights = "mask_state";
  EXPECT_THAT([&] { check_calibration_fits(config_, folder_, causal, false); },
              ThrowsMessage<UserError>(HasSubstr("calibration.loss_weights is mask_state")));
  config_.loss_weights = "attention";
  check_calibration_fits(config_, folder_, causal, false);
}

TEST_F(CalibrationStates, WeightsOfMasksAreAFactorAndOneInTheMean) {
  EXPECT_FALSE(draw(llada_).calibration[0].loss_weights_BT.defined()) << "equal by default";
  config_.loss_weights = "mask_state";
  config_.mask_weight = 3;
  const auto drawn = draw(llada_);
  for (const auto& sequence : drawn.calibration) {
    const at::Tensor weights = sequence.loss_weights_BT[0], mask = sequence.ids_BT[0] == mask_;
    EXPECT_NEAR(weights.mean().item<double>(), 1, 1e-6);
    EXPECT_NEAR(weights.index({mask}).mean().item<double>() / weights[0].item<double>(), 3, 1e-5);
  }
  EXPECT_FALSE(drawn.held_out[0].loss_weights_BT.defined()) << "errors are measured as ever";
}

TEST_F(CalibrationStates, AttentionWeightsAreOneInTheMeanAndFollowTheAttention) {
  config_.loss_weights = "attention";
  for (const auto& sequence : draw(llada_).calibration) {
    EXPECT_NEAR(sequence.loss_weights_BT.mean().item<double>(), 1, 1e-6);
    EXPECT_GT(sequence.loss_weights_BT.std().item<double>(), 1e-4);
  }
}

// Written out with loops, head by head.
TEST(AttentionReceived, IsTheMeanOverQueriesHeadsAndLayers) {
  for (const bool causal : {false, true}) {
    Decoder model = random_llada();
    model.config.causal = causal;
    const TokenBatch batch = std::vector<int64_t>{3, 1, 4, 1, 5};
    std::vector<at::Tensor> q, k;
    const Observer observer = [&](const std::string& point, const at::Tensor& value) {
      if (point.ends_with("rope.q")) q.push_back(value[0]);
      if (point.ends_with("rope.k")) k.push_back(value[0]);
    };
    ForwardContext context = model.context(batch);
    context.observer = &observer;
    model.hidden(batch, context);
    std::vector<double> received(5, 0.0);
    for (size_t layer = 0; layer < q.size(); ++layer)
      for (int64_t head = 0; head < 4; ++head)
        for (int64_t i = 0; i < 5; ++i) {
          const int64_t seen = causal ? i + 1 : 5;  // key/value head 0 serves the heads 0 and 1
          const at::Tensor scores =
              at::matmul(k[layer][head / 2].slice(0, 0, seen), q[layer][head][i]) / std::sqrt(8.0);
          const at::Tensor p = at::softmax(scores, 0);
          for (int64_t j = 0; j < seen; ++j)
            received[static_cast<size_t>(j)] += p[j].item<double>() / static_cast<double>(causal ? 5 - j : 5);
        }
    at::Tensor expected = at::tensor(received, at::kDouble);
    expected = expected / expected.mean();
    EXPECT_LT((attention_received(model, batch)[0] - expected).abs().max().item<double>(), 1e-5) << causal;
  }
}

}  // namespace
}  // namespace freeact
