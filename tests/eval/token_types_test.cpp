// Every kind of task tells a model whose tokens it sees.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "../model/random_model.h"
#include "../model/recording_site.h"
#include "eval/scoring.h"
#include "fixtures.h"
#include "generation/text.h"

namespace freeact {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

Decoder model_of(const Family& family, nlohmann::json config, const Tokenizer& tokenizer, TypeScheme scheme) {
  for (const char* key : {"vocab_size", "embedding_size"})
    if (config.contains(key)) config[key] = tokenizer.size();
  if (config.contains("mask_token_id")) config["mask_token_id"] = special_ids(tokenizer).mask;
  config["eos_token_id"] = special_ids(tokenizer).end;
  Decoder model = random_decoder(family.read_config(config), family.modules);
  model.head.weight[special_ids(tokenizer).mask].zero_();
  set_type_rule(model.config, {scheme});
  return model;
}

class TypesOfTasks : public testing::Test {
 protected:
  void SetUp() override {
    diffusion_site_ = record_types(diffusion_);
    causal_site_ = record_types(causal_);
  }
  // Of the last forward pass, the first row from a position on.
  static std::vector<int64_t> last(const RecordingSite& site, int64_t begin, int64_t end) {
    return ids_of(site.passes().back()[0].slice(0, begin, end));
  }

  const Tokenizer tokenizer_ = byte_tokenizer(test_folder());
  Decoder diffusion_ = model_of(llada_family(), llada_config(), tokenizer_, TypeScheme::kPromptGeneratedMask);
  Decoder causal_ = model_of(llama_family(), llama_config(), tokenizer_, TypeScheme::kTextVisionSystemAnswer);
  std::shared_ptr<RecordingSite> diffusion_site_, causal_site_;
  const std::vector<DatasetPart> words_ = {{"words", layout_of("{input}={answer}"), {{"ab", "xyz"}}, ""}};
  EvalTaskSettings settings_;
};

TEST_F(TypesOfTasks, LikelihoodShowsSomeOfTheAnswer) {
  settings_.mask_ratios = {0.34};
  evaluate_likelihood(words_, settings_, diffusion_, tokenizer_, 1);
  EXPECT_THAT(last(*diffusion_site_, 0, 3), Each(0));
  EXPECT_THAT(last(*diffusion_site_, 3, 6), UnorderedElementsAre(1, 1, 2));
}

TEST_F(TypesOfTasks, GenerationInPlaceAndOpenEnded) {
  for (const int64_t max_new_tokens : {0, 3}) {
    settings_.generation.max_new_tokens = max_new_tokens;
    evaluate_generation(words_, settings_, diffusion_, tokenizer_, 1);
    EXPECT_THAT(last(*diffusion_site_, 0, 3), Each(0)) << max_new_tokens;
    EXPECT_THAT(last(*diffusion_site_, 3, 6), UnorderedElementsAre(1, 1, 2)) << "before the last step";
  }
}

TEST_F(TypesOfTasks, ChoicesAreAnswersOfBothKindsOfModels) {
  const std::vector<ChoicePart> parts = {{"c", layout_of("{input}{answer}"), {{"ab", {"xyz"}, 0}}, ""}};
  evaluate_choices(parts, settings_, causal_, tokenizer_, 1);
  EXPECT_THAT(last(*causal_site_, 0, 5), ElementsAre(0, 0, 2, 2, 2));
  evaluate_choices(parts, settings_, diffusion_, tokenizer_, 1);
  EXPECT_THAT(last(*diffusion_site_, 0, 2), Each(0));
  EXPECT_THAT(last(*diffusion_site_, 2, 5), Each(testing::Gt(0)));
}

TEST_F(TypesOfTasks, GreedyAnswersOutsideOfAChat) {
  settings_.generation.max_new_tokens = 3;
  evaluate_generation(words_, settings_, causal_, tokenizer_, 1);
  EXPECT_THAT(last(*causal_site_, 0, 1), ElementsAre(2)) << "a token of the answer, read by itself";
  EXPECT_THAT(ids_of(causal_site_->passes().front()), ElementsAre(0, 0, 0));
}

}  // namespace
}  // namespace freeact
