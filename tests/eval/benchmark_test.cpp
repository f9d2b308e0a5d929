#include "eval/benchmark.h"

#include <gmock/gmock.h>

#include "eval/benchmark_settings.h"
#include "fixtures.h"
#include "message_of.h"

namespace freeact {
namespace {

constexpr const char* kTask = R"(
about: sums
version: 3
documents: {file: sample.jsonl}
prompt: "{question}="
stops: ["b"]
subset: "{kind}"
scorers: [lm-eval/gsm8k/flexible-extract, lm-eval/gsm8k/strict-match]
generation:
  default: {max_new_tokens: 4, temperature: 0.0}
  llada: {block_length: 2}
)";

// A benchmark of four sums below a folder of its own, asked of a model that writes "1" wherever it may.
class BenchmarkEvaluation : public testing::Test {
 protected:
  BenchmarkEvaluation() {
    write_text(datasets_ / "sums" / "task.yaml", kTask);
    write_text(datasets_ / "sums" / "sample.jsonl",
               "{\"question\": \"0+1\", \"answer\": \"1111\", \"kind\": \"easy\"}\n"
               "{\"question\": \"10+1\", \"answer\": \"11\", \"kind\": \"hard\"}\n"
               "{\"question\": \"5+6\", \"answer\": \"11\", \"kind\": \"hard\"}\n"
               "{\"question\": \"1110+1\", \"answer\": \"1111\", \"kind\": \"easy\"}\n");
  }

  EvalTaskSettings settings(const Json& changes = Json::object(), const std::string& family = "llada") const {
    Json task = {{"name", "sums"}, {"kind", "benchmark"}, {"dataset", "sums"}, {"items", "sample"}};
    task.update(changes);
    return read_task_settings(with_benchmark_defaults(task, datasets_, family));
  }
  TaskResult evaluate(const EvalTaskSettings& s, EvaluationWatch watch = {}) const {
    return evaluate_task(datasets_, s, model_, tokenizer_, 7, nullptr, std::move(watch));
  }

  const std::filesystem::path folder_ = test_folder(), datasets_ = folder_ / "datasets";
  const Tokenizer tokenizer_ = byte_tokenizer(folder_);
  const Decoder model_ = constant_model(tokenizer_, {{"1", 0.9}, {"b", 0.1}});
};

TEST_F(BenchmarkEvaluation, FileFamilyAndExperimentSayHowAnswersAreWrittenInThisOrder) {
  EXPECT_EQ(settings().generation.max_new_tokens, 4);
  EXPECT_EQ(settings().generation.block_length, 2);
  EXPECT_EQ(settings(Json::object(), "dream").generation.block_length, 0);
  EXPECT_EQ(settings({{"generation", {{"block_length", 4}}}}).generation.block_length, 4);
  EXPECT_EQ(settings().generation.stops, std::vector<std::string>{"b"});
  EXPECT_EQ(settings().version, 3);
  EXPECT_EQ(settings().name, "sums (own items)");
  EXPECT_EQ(settings({{"name", "sums (own items)"}}).name, "sums (own items)");
}

TEST_F(BenchmarkEvaluation, EveryScorerIsAMetricAndTheHeadlineAlsoBySubset) {
  const TaskResult result = evaluate(settings());
  ASSERT_EQ(result.metrics.size(), 4U);
  EXPECT_EQ(result.metrics[0].name, "lm-eval/gsm8k/flexible-extract");
  EXPECT_EQ(result.metrics[0].value, 50);
  EXPECT_EQ(result.metrics[0].population, 4);
  EXPECT_EQ(result.metrics[1].value, 0);  // no "#### "
  EXPECT_EQ(result.metrics[2].group, "subset=easy");
  EXPECT_EQ(result.metrics[2].value, 100);
  EXPECT_EQ(result.metrics[3].count, 2);
}

TEST_F(BenchmarkEvaluation, AnotherScorerCanBeTheHeadline) {
  const TaskResult result = evaluate(settings({{"metric", "lm-eval/gsm8k/strict-match"}}));
  EXPECT_EQ(result.metrics[0].name, "lm-eval/gsm8k/strict-match");
  EXPECT_EQ(result.samples[0].score, 0);
  EXPECT_THAT(message_of<UserError>([&] {
                evaluate(settings({{"metric", "lm-eval/gsm8k/strict"}}));
              }),
              testing::HasSubstr("strict-match"));
}

TEST_F(BenchmarkEvaluation, ASampleSaysHowItCameAbout) {
  const TaskResult result = evaluate(settings());
  const SampleResult& sample = result.samples[1];
  ASSERT_TRUE(sample.details);
  EXPECT_EQ(sample.details->prompt, "10+1=");
  EXPECT_EQ(sample.details->response, "1111");
  EXPECT_EQ(sample.details->tokens, 4);
  EXPECT_EQ(sample.details->steps, 4);
  EXPECT_EQ(nlohmann::json::parse(sample.details->judged)["lm-eval/gsm8k/flexible-extract"]["answer"], "1111");
}

TEST_F(BenchmarkEvaluation, ALimitDrawsItemsThatKeepTheirNumbers) {
  const TaskResult all = evaluate(settings()), some = evaluate(settings({{"num_items", 2}}));
  ASSERT_EQ(some.samples.size(), 2U);
  EXPECT_EQ(some.metrics[0].population, 4);
  for (const SampleResult& sample : some.samples)
    EXPECT_EQ(sample.input_hash, all.samples[static_cast<size_t>(sample.index)].input_hash);
}

TEST_F(BenchmarkEvaluation, WhatTheLogHoldsIsNotWrittenAgain) {
  const EvalTaskSettings one_by_one = settings({{"batch_size", 1}});
  const TaskResult undisturbed = evaluate(one_by_one, {.log = ResponseLog(folder_ / "log", "run")});
  const TaskResult resumed = evaluate(one_by_one, {.log = ResponseLog(folder_ / "log", "run")});
  for (size_t i = 0; i < undisturbed.samples.size(); ++i) {
    EXPECT_EQ(resumed.samples[i].output, undisturbed.samples[i].output);
    EXPECT_EQ(resumed.samples[i].details->seconds, undisturbed.samples[i].details->seconds);  // so it was read
  }
}

TEST_F(BenchmarkEvaluation, APoolingOfOneNumberHasANameBesideItsScorer) {
  write_text(datasets_ / "sums" / "task.yaml",
             "prompt: \"{question}=\"\ndocuments: {file: sample.jsonl}\ngeneration: {default: {max_new_tokens: 2}}\n"
             "scorers: [vlmevalkit/docvqa]\npoolings: [vlmevalkit/docvqa]\n");
  write_text(datasets_ / "sums" / "sample.jsonl", "{\"question\": \"10+1\", \"answers\": [\"11\"]}\n");
  const TaskResult result = evaluate(settings());
  ASSERT_EQ(result.metrics.size(), 2U);
  EXPECT_EQ(result.metrics[0].name, "vlmevalkit/docvqa");
  EXPECT_EQ(result.metrics[1].name, "vlmevalkit/docvqa pooled");
  EXPECT_EQ(result.metrics[1].value, 100);
}

TEST_F(BenchmarkEvaluation, ADocumentWithoutWhatAScorerReadsIsNamed) {
  write_text(datasets_ / "sums" / "sample.jsonl", "{\"question\": \"0+1\", \"kind\": \"easy\"}\n");
  EXPECT_THAT(message_of<UserError>([&] { evaluate(settings()); }),
              testing::AllOf(testing::HasSubstr("sample.jsonl:1"), testing::HasSubstr("answer")));
}

}  // namespace
}  // namespace freeact
