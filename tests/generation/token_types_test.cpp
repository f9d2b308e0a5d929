// The types that a model's sites are given while it writes or scores a text.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "generation/greedy.h"
#include "generation/likelihood.h"
#include "generation/samplers.h"
#include "model/recording_site.h"

namespace freeact {
namespace {

using Ids = std::vector<int64_t>;

struct Case {
  AnySampler sampler;
  TypeScheme scheme;
};

class TypesWhileWriting : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    model_ = trained_looking(GetParam().sampler.model(at::kFloat));
    set_type_rule(model_.config, {GetParam().scheme});
    site_ = record_types(model_);
  }
  // The sequence before each step that writes: what a pass sees.
  std::vector<at::Tensor> states(const Answer& answer) {
    std::vector<at::Tensor> seen = {append_masks(prompt_, {}, answer.length, kMaskId).tokens_BL};
    GetParam().sampler.generate(
        model_, prompt_, {}, answer, 0,
        [&](const at::Tensor& tokens_BL, const at::Tensor&, const at::Tensor&) { seen.push_back(tokens_BL); }, nullptr);
    return seen;
  }
  // Of a whole sequence, from its ids and where its prompt ends.
  at::Tensor types_of(const at::Tensor& ids) const {
    TokenBatch batch = ids;
    batch.roles_BT = roles_of_prompt(prompt_.size(1), ids.size(1)).expand_as(ids);
    return model_.types(batch);
  }

  Decoder model_;
  std::shared_ptr<RecordingSite> site_;
  const at::Tensor prompt_ = at::tensor(Ids{1, 2, 3, 4, 5, 6}).view({2, 3});
};

// A pass runs the whole sequence or a window of it, whose types are still those of the whole.
TEST_P(TypesWhileWriting, AreThoseOfTheWholeSequenceWithEveryCache) {
  size_t windows = 0;
  for (const char* cache : {"none", "prefix", "dual"}) {
    const size_t before = site_->passes().size();
    Answer answer = {8, 4, 8, {cache}};
    if (GetParam().sampler.name == kDream.name) answer.steps = 4;  // more steps than tokens leave some without a pass
    const auto seen = states(answer);
    const std::vector<at::Tensor> passes = {site_->passes().begin() + static_cast<int64_t>(before),
                                            site_->passes().end()};
    ASSERT_EQ(passes.size(), seen.size() - 1) << cache;
    const int64_t length = seen[0].size(1), per_block = std::ssize(passes) / 2;
    for (int64_t i = 0; i < std::ssize(passes); ++i) {
      const int64_t block_end = 3 + 4 * (i / per_block + 1), width = passes[i].size(1);
      const int64_t end = width == length ? length : std::string(cache) == "dual" ? block_end : length;
      windows += width < length;
      EXPECT_TRUE(at::equal(passes[i], types_of(seen[i]).slice(1, end - width, end))) << cache << " pass " << i;
    }
  }
  EXPECT_GT(windows, 2u) << "no cache was used";
}

INSTANTIATE_TEST_SUITE_P(Samplers, TypesWhileWriting,
                         testing::Values(Case{kLlada, TypeScheme::kFamily},
                                         Case{kLlada, TypeScheme::kPromptGeneratedMask},
                                         Case{kLlada, TypeScheme::kEarlyLateMask},
                                         Case{kDream, TypeScheme::kPromptGeneratedMask},
                                         Case{kDream, TypeScheme::kEarlyLateMask}));

// The half that sees no prompt sees masks there, and what has been written as such.
TEST(TypesOfGuidance, HideThePromptOnly) {
  Decoder model = trained_looking(random_llada());
  set_type_rule(model.config, {TypeScheme::kPromptGeneratedMask});
  const auto site = record_types(model);
  Answer answer = {4, 4, 4};
  answer.cfg_scale = 0.5;
  generate_llada(model, at::tensor(Ids{1, 2, 3}).unsqueeze(0), {}, answer, 0, nullptr, nullptr);
  const at::Tensor last = site->passes().back();
  EXPECT_TRUE(at::equal(last[0].slice(0, 0, 3), at::tensor(Ids{0, 0, 0})));
  EXPECT_TRUE(at::equal(last[1].slice(0, 0, 3), at::tensor(Ids{2, 2, 2})));
  EXPECT_TRUE(at::equal(last[0].slice(0, 3), last[1].slice(0, 3)));
  EXPECT_EQ((last[0] == 1).sum().item<int64_t>(), 3) << "three of the four are written";
}

class TypesOfAnswers : public testing::Test {
 protected:
  void SetUp() override {
    const Family family = llama_family();
    model_ = random_decoder(family.read_config(llama_config()), family.modules);
    set_type_rule(model_.config, {TypeScheme::kTextVisionSystemAnswer});
    site_ = record_types(model_);
    prompt_ = Ids{5, 9, 5, 30};
    prompt_.roles_BT = at::tensor(Ids{0, 1, 1, 0}).unsqueeze(0);
  }
  Decoder model_;
  std::shared_ptr<RecordingSite> site_;
  TokenBatch prompt_;
  const at::Tensor prompt_types_ = at::tensor(Ids{1, 0, 0, 1}).unsqueeze(0);
};

TEST_F(TypesOfAnswers, AreTheSameTokenByTokenAndAsAWhole) {
  const Ids answer = generate_greedy(model_, prompt_, {6, 1.0});
  const at::Tensor read = at::cat(site_->passes(), 1);  // all but the last token, which is not read again
  EXPECT_TRUE(at::equal(read, model_.types(extended(prompt_, answer)).slice(1, 0, -1)));
  EXPECT_TRUE(at::equal(read.slice(1, 0, 4), prompt_types_));
  EXPECT_EQ((read == 2).sum().item<int64_t>(), 5);
  left_to_right_nll(model_, prompt_, answer);
  EXPECT_TRUE(at::equal(site_->passes().back().slice(1, 0, -1), read)) << "a likelihood sees what writing saw";
}

TEST_F(TypesOfAnswers, AreNotGuessedWhereNobodyKnowsTheRoles) {
  left_to_right_nll(model_, Ids{5, 9}, {7, 8});
  EXPECT_EQ(site_->passes().back().sum().item<int64_t>(), 0) << "running text is text";
}

TEST(TypesOfLikelihoods, KnowPromptAndAnswer) {
  Decoder model = random_llada();
  set_type_rule(model.config, {TypeScheme::kPromptGeneratedMask});
  const auto site = record_types(model);
  MonteCarloSettings settings;
  settings.draws = settings.batch_size = 4;
  monte_carlo_nll(model, {5, 6, 7}, {11, 12, 13, 14}, settings, 1);
  const at::Tensor types = site->passes().back();
  EXPECT_EQ(types.slice(1, 0, 3).sum().item<int64_t>(), 0);
  EXPECT_GT(types.slice(1, 3).min().item<int64_t>(), 0);
  EXPECT_EQ((types == 2).sum().item<int64_t>(), 1 + 2 + 3 + 4) << "every number of masks once";
}

}  // namespace
}  // namespace freeact
