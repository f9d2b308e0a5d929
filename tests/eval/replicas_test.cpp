// Several copies of a model share the items of a task and change nothing about its result.
#include "eval/replicas.h"

#include <gmock/gmock.h>

#include <barrier>
#include <set>

#include "eval/perplexity.h"
#include "eval/respond.h"
#include "eval/scoring.h"
#include "fixtures.h"
#include "util/error.h"

namespace freeact {
namespace {

TEST(Replicas, AllOfThemWorkAtATimeAndEachItemIsDoneOnce) {
  const std::vector<Decoder> models(3);
  std::barrier all_at_work(3);  // an item a model; one that worked alone would wait here for ever
  std::mutex mutex;
  std::set<const Decoder*> used;
  std::multiset<size_t> done;
  Replicas(models).for_each(3, [&](const Decoder& model, size_t i) {
    all_at_work.arrive_and_wait();
    const std::lock_guard lock(mutex);
    used.insert(&model);
    done.insert(i);
  });
  EXPECT_EQ(used.size(), 3U);
  EXPECT_THAT(done, testing::ElementsAre(0, 1, 2));
}

TEST(Replicas, AFaultOfOneEndsTheWork) {
  const std::vector<Decoder> models(2);
  const auto work = [](const Decoder&, size_t i) {
    if (i == 1) throw UserError("item 1 is broken");
  };
  EXPECT_THAT([&] { Replicas(models).for_each(9, work); }, testing::ThrowsMessage<UserError>("item 1 is broken"));
}

class SharedItems : public testing::Test {
 protected:
  static std::vector<std::pair<std::string, double>> scores(const TaskResult& result) {
    std::vector<std::pair<std::string, double>> all;
    for (const auto& metric : result.metrics) all.emplace_back(metric.name + metric.group, metric.value);
    for (const auto& sample : result.samples) all.emplace_back(sample.input_hash + sample.output, sample.score);
    return all;
  }
  // Of three copies what one gives, for every task.
  template <typename Evaluate>
  void expect_alike(const Decoder& model, const Evaluate& evaluate) const {
    const std::vector<Decoder> copies(3, model);
    EXPECT_EQ(scores(evaluate(Replicas(copies))), scores(evaluate(Replicas(model))));
  }

  const std::filesystem::path folder_ = test_folder();
  const Tokenizer tokenizer_ = byte_tokenizer(folder_);
  const Decoder diffusion_ = constant_model(tokenizer_, {{"a", 0.5}, {"b", 0.25}, {"c", 0.25}});
  const std::vector<DatasetPart> words_ = {
      {"words", {}, {{"1", "aab"}, {"2", "aaa"}, {"3", "abc"}, {"4", "cab"}, {"5", "bab"}}, ""}};
};

TEST_F(SharedItems, OfADiffusionModel) {
  EvalTaskSettings settings;
  settings.name = "words";
  settings.batch_size = 1;
  settings.generation.temperature = 1;  // what is random belongs to the item and not to who answers it
  expect_alike(diffusion_, [&](const Replicas& m) { return evaluate_generation(words_, settings, m, tokenizer_, 3); });
  settings.kind = "likelihood";
  settings.mask_ratios = {0.4, 1.0};
  expect_alike(diffusion_, [&](const Replicas& m) { return evaluate_likelihood(words_, settings, m, tokenizer_, 3); });
  const std::vector<ChoicePart> choices = {
      {"choices", layout_of("{input}{answer}"), {{"1", {"bb", "aa"}, 1}, {"2", {"abc", "b"}, 0}, {"3", {"c"}, 0}}, ""}};
  expect_alike(diffusion_, [&](const Replicas& m) { return evaluate_choices(choices, settings, m, tokenizer_, 3); });
}

TEST_F(SharedItems, OfAnAutoregressiveModel) {
  Decoder model = diffusion_;
  model.config.mask_id = -1;
  model.config.sampler = "none";
  model.config.causal = true;
  write_text(folder_ / "text.txt", "baaaacbbaaac");
  EvalTaskSettings settings;
  settings.segments = {3, {0, 3, 6, 9}};
  expect_alike(model, [&](const Replicas& m) {
    return evaluate_perplexity(PlainText(folder_ / "text.txt"), settings, m, tokenizer_);
  });
  settings.generation.max_new_tokens = 2;
  const std::vector<std::string> texts = {"a", "ab", "abc"};
  const std::vector<Decoder> copies(2, model);
  ResponseLog log(folder_, "two copies");
  size_t done = 0;
  const Respondent respondent = {settings, Replicas(copies), tokenizer_, nullptr, 1, log, [&](size_t n) { done = n; }};
  const auto responses = respond(respondent, texts.size(), [&](size_t i) { return Ask{texts[i], {}, {}, "place"}; });
  for (const Response& response : responses) EXPECT_EQ(tokenizer_.decode(response.ids), "aa");
  EXPECT_EQ(done, 3U);
}

}  // namespace
}  // namespace freeact
