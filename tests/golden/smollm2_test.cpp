// The imported SmolLM2 against Hugging Face transformers on the same folder (tests/golden/data/smollm2.json).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "checkpoint/folder.h"
#include "generation/greedy.h"
#include "generation/likelihood.h"
#include "model/family.h"
#include "tokenizer/chat.h"
#include "tokenizer/tokenizer.h"
#include "util/cache.h"
#include "util/files.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

using Ids = std::vector<int64_t>;

class Smollm2 : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(folder())) GTEST_SKIP() << "not imported: freeact data import smollm2";
    golden_ = read_json(fs::path(FREEACT_SOURCE_DIR) / "tests/golden/data/smollm2.json");
  }

  static fs::path folder() { return cache_folder() / "smollm2-135m-instruct"; }
  static const Decoder& model() {
    static const Decoder loaded = load_decoder(CheckpointFolder(folder()), "llama", at::kFloat);
    return loaded;
  }
  static const Tokenizer& tokenizer() {
    static const Tokenizer loaded = Tokenizer::load(folder());
    return loaded;
  }

  nlohmann::json golden_;
};

TEST_F(Smollm2, GivesTheTokensOfTheOriginal) {
  for (const auto& item : golden_.at("texts")) {
    const auto text = item.at("text").get<std::string>();
    EXPECT_EQ(tokenizer().encode(text), item.at("ids").get<Ids>()) << text;
    EXPECT_EQ(tokenizer().decode(item.at("ids").get<Ids>()), text);
  }
}

// Largest difference measured: 2.3e-5.
TEST_F(Smollm2, GivesTheLogitsOfTheOriginal) {
  const at::NoGradGuard no_grad;
  for (const auto& item : golden_.at("texts")) {
    const at::Tensor ids = at::tensor(item.at("ids").get<Ids>(), at::kLong).unsqueeze(0);
    const at::Tensor last = model().logits(ids)[0][-1];
    const auto [values, top] = last.topk(std::ssize(item.at("top_ids")));
    for (int64_t i = 0; i < top.numel(); ++i) {
      EXPECT_EQ(top[i].item<int64_t>(), item.at("top_ids")[static_cast<size_t>(i)]) << item.at("text");
      EXPECT_NEAR(values[i].item<double>(), item.at("top_logits")[static_cast<size_t>(i)], 1e-4) << item.at("text");
    }
  }
}

// Largest difference measured: 8e-6.
TEST_F(Smollm2, GivesTheLikelihoodOfTheOriginal) {
  for (const auto& item : golden_.at("texts")) {
    const auto ids = item.at("ids").get<Ids>();
    const double nll = left_to_right_nll(model(), Ids{ids[0]}, {ids.begin() + 1, ids.end()});
    EXPECT_NEAR(nll / static_cast<double>(ids.size() - 1), item.at("mean_nll"), 2e-5) << item.at("text");
  }
}

TEST_F(Smollm2, AnswersAsTheOriginalDoes) {
  const auto& chat = golden_.at("chat");
  const std::string prompt = ChatTemplate::load(folder()).render({{"user", chat.at("question")}});
  ASSERT_EQ(tokenizer().encode(prompt), chat.at("ids").get<Ids>());
  EXPECT_EQ(generate_greedy(model(), chat.at("ids").get<Ids>(), {}), chat.at("answer_ids").get<Ids>());
}

}  // namespace
}  // namespace freeact
