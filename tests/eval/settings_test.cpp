#include "eval/settings.h"

#include <gmock/gmock.h>

namespace freeact {
namespace {

Json task(const std::string& more) {
  Json json = Json::parse(R"({"name": "t", "dataset": "d"})");
  json.update(Json::parse(more), /*merge_objects=*/true);
  return json;
}

TEST(TaskSettings, NonsenseIsRefusedWithItsKey) {
  const auto refused = [](const std::string& more, const std::string& key, const std::string& text) {
    try {
      read_task_settings(task(more), "tasks[1].");
      ADD_FAILURE() << more << " was accepted";
    } catch (const FieldError& error) {
      EXPECT_EQ(error.key(), "tasks[1]." + key) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr(text));
      EXPECT_THAT(error.what(), testing::HasSubstr("tasks[1]." + key));
    }
  };
  refused(R"({"kind": "likelyhood"})", "kind", "did you mean 'likelihood'");
  refused(R"({"metirc": "nll"})", "metirc", "tasks[1].metric");
  refused(R"({"metric": "nll"})", "metric", "must be exact_match or relaxed_accuracy for kind generation");
  refused(R"({"answer_nll": true})", "answer_nll", "needs kind generation and generation.chat");
  refused(R"({"images": {"max_tiles": 2}})", "images", "needs kind benchmark, or generation with generation.chat");
  refused(R"({"images": {"max_tiles": -2}, "generation": {"chat": true, "max_new_tokens": 4}})", "images.max_tiles",
          "0 or more");
  refused(R"({"images": {"max_tile": 2}})", "images.max_tile", "max_tiles");
  refused(R"({"generation": {"repetition_penalty": -1}})", "generation.repetition_penalty", "0 or more");
  refused(R"({"kind": "multiple_choice"})", "metric", "must be accuracy");
  refused(R"({"dataset": ""})", "dataset", "is missing");
  refused(R"({"num_items": -1})", "num_items", "0 or more");
  refused(R"({"version": 0})", "version", "1 or more");
  refused(R"({"batch_size": 0})", "batch_size", "1 or more");
  refused(R"({"mask_ratios": [0.5, 2]})", "mask_ratios", "(0, 1]");
  refused(R"({"monte_carlo": {"draws": 0}})", "monte_carlo.draws", "1 or more");
  refused(R"({"monte_carlo": {"batch_size": 0}})", "monte_carlo.batch_size", "1 or more");
  refused(R"({"generation": {"sampler": "lada"}})", "generation.sampler", "did you mean 'llada'");
  refused(R"({"generation": {"alg": "entropi"}})", "generation.alg", "entropy");
  refused(R"({"generation": {"remasking": "high"}})", "generation.remasking", "low_confidence");
  refused(R"({"generation": {"confidence": "logits"}})", "generation.confidence", "raw_logits");
  refused(R"({"generation": {"top_p": 0}})", "generation.top_p", "(0, 1]");
  refused(R"({"generation": {"top_k": -1}})", "generation.top_k", "0 or more");
  refused(R"({"generation": {"eps": 1}})", "generation.eps", "[0, 1)");
  refused(R"({"generation": {"temperature": -1}})", "generation.temperature", "0 or more");
  refused(R"({"generation": {"tokens_per_step": 0}})", "generation.tokens_per_step", "1 or more");
  refused(R"({"generation": {"max_new_tokens": -5}})", "generation.max_new_tokens", "0 or more");
  refused(R"({"generation": {"chat": true}})", "generation.chat", "needs max_new_tokens");
  refused(R"({"generation": {"stops": ["a", ""]}})", "generation.stops", "no empty text");
  refused(R"({"generation": {"max_new_tokens": 8, "block_length": 3}})", "generation.block_length", "does not divide");
  refused(R"({"generation": {"max_new_tokens": 8, "block_length": 2, "steps": 6}})", "generation.steps", "4 blocks");
  refused(R"({"generation": {"acceleration": {"kv_cache": "duel"}}})", "generation.acceleration",
          "did you mean 'dual'");
  refused(R"({"generation": {"acceleration": {"threshold": 1.5}}})", "generation.acceleration", "below 1");
}

TEST(TaskSettings, OnlyWhatTheKindReadsDeterminesTheResult) {
  const auto resolved = [](const std::string& more) { return resolved_task_settings(read_task_settings(task(more))); };
  const Json generation = resolved("{}");
  EXPECT_TRUE(generation["generation"]["acceleration"].contains("kv_cache"));  // defaults included
  EXPECT_EQ(resolved(R"({"mask_ratios": [0.5]})"), generation);
  EXPECT_NE(resolved(R"({"generation": {"acceleration": {"threshold": 0.9}}})"), generation);
  const Json choices = resolved(R"({"kind": "multiple_choice", "metric": "accuracy", "generation": {"top_k": 3}})");
  EXPECT_FALSE(choices.contains("generation"));
  EXPECT_EQ(choices["monte_carlo"]["draws"], 128);
}

TEST(TaskSettings, LaterKeysAreResolvedOnlyWhereTheyAreUsed) {
  const auto resolved = [](const std::string& more) { return resolved_task_settings(read_task_settings(task(more))); };
  const Json plain = resolved(R"({"generation": {"chat": true, "max_new_tokens": 4}})");
  EXPECT_FALSE(plain.contains("images") || plain.contains("answer_nll"));
  EXPECT_FALSE(plain["generation"].contains("repetition_penalty"));
  const Json used = resolved(
      R"({"answer_nll": true, "images": {"max_tiles": 2},
          "generation": {"chat": true, "max_new_tokens": 4, "repetition_penalty": 1.1}})");
  EXPECT_EQ(used["answer_nll"], true);
  EXPECT_EQ(used["images"]["max_tiles"], 2);
  EXPECT_EQ(used["generation"]["repetition_penalty"], 1.1);
  EXPECT_EQ(resolved_task_settings(read_task_settings(used)), used);
}

TEST(TaskSettings, ResolvedSettingsReadBack) {
  for (const char* more : {"{}", R"({"kind": "likelihood", "metric": "nll", "mask_ratios": [0.5]})",
                           R"({"kind": "multiple_choice", "metric": "accuracy"})"}) {
    const Json resolved = resolved_task_settings(read_task_settings(task(more)));
    EXPECT_EQ(resolved_task_settings(read_task_settings(resolved)), resolved);
  }
}

}  // namespace
}  // namespace freeact
