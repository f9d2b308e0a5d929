#include "eval/evaluate.h"

#include "eval/benchmark.h"
#include "eval/benchmark_settings.h"
#include "eval/blind_guess.h"
#include "eval/perplexity.h"
#include "eval/questions.h"
#include "eval/scoring.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

constexpr const char* kSplit = "test";

template <typename Item>
std::string joined_hash(const std::vector<Part<Item>>& parts) {
  std::string hashes;
  for (const auto& part : parts) hashes += data_hash(part);
  return sha256(hashes);
}

// With what blind guesses are learnt from.
std::string item_hash(const std::vector<DatasetPart>& parts) {
  std::string hashes = joined_hash(parts);
  bool guesses = false;
  for (const auto& part : parts)
    if (const auto source = guess_source(part)) {
      hashes += sha256_file(*source);
      guesses = true;
    }
  return guesses ? sha256(hashes) : hashes;
}

TaskResult evaluate_benchmark_task(const std::filesystem::path& datasets, const EvalTaskSettings& settings,
                                   Respondent respondent, const EvaluationWatch& watch) {
  const BenchmarkTask benchmark = benchmark_of(settings, datasets);
  const BenchmarkItems items = read_benchmark_items(datasets, benchmark, item_request(settings));
  if (watch.on_item) respondent.on_progress = [&](size_t done) { watch.on_item(done, items.items.size()); };
  return evaluate_benchmark(benchmark, items, respondent);
}

BenchmarkItems all_benchmark_items(const std::filesystem::path& datasets, const EvalTaskSettings& settings,
                                   const BenchmarkTask& benchmark) {
  ItemRequest request = item_request(settings);
  request.limit = 0;
  return read_benchmark_items(datasets, benchmark, request);
}

void check_benchmark_data(const std::filesystem::path& datasets, const EvalTaskSettings& settings, bool sees_images) {
  const BenchmarkTask benchmark = benchmark_of(settings, datasets);
  check_scorers(benchmark, settings);
  for (const BenchmarkItem& item : all_benchmark_items(datasets, settings, benchmark).items)
    if (!item.images.empty() && !sees_images)
      throw UserError("{}: the item has an image, but the model sees none", item.place);
}

}  // namespace

void check_model_fits(const EvalTaskSettings& settings, const DecoderConfig& config) {
  const auto refuse = [&](const char* why) { throw UserError("task '{}': {}", settings.name, why); };
  if (settings.kind == "perplexity" && !config.causal)
    refuse("perplexity is that of autoregressive models; use kind likelihood for masked-diffusion models");
  if (settings.kind == "likelihood" && config.mask_id < 0)
    refuse("the model has no mask token, which kind likelihood needs; use kind perplexity for autoregressive models");
  if (settings.kind == "generation" && settings.generation.max_new_tokens == 0 && config.mask_id < 0)
    refuse("an autoregressive model cannot fill masks; set generation.max_new_tokens");
  if (settings.answer_nll && !config.causal)
    refuse("answer_nll is that of autoregressive models; use kind likelihood for masked-diffusion models");
}

void check_data_fits(const std::filesystem::path& datasets, const EvalTaskSettings& settings, bool model_sees_images) {
  if (is_on_text(settings) || settings.kind == "multiple_choice") return;
  const bool asks = settings.kind != "likelihood" && settings.generation.chat;
  if (settings.kind == "benchmark") return check_benchmark_data(datasets, settings, asks && model_sees_images);
  if (asks && model_sees_images) return;
  for (const auto& part : read_dataset(datasets, settings.dataset, kSplit))
    refuse_images(part, asks ? "the model" : "a task without generation.chat");
}

TaskResult evaluate_task(const std::filesystem::path& datasets, const EvalTaskSettings& settings,
                         const Replicas& models, const Tokenizer& tokenizer, uint64_t seed, const Prompter* prompter,
                         EvaluationWatch watch) {
  check_settings(settings);
  check_model_fits(settings, models.config());
  check_data_fits(datasets, settings, prompter != nullptr && prompter->sees_images());
  const uint64_t task_seed = derive_seed(seed, "task " + settings.name);
  if (settings.kind == "benchmark")
    return evaluate_benchmark_task(
        datasets, settings,
        {settings, models, tokenizer, settings.generation.chat ? prompter : nullptr, task_seed, watch.log}, watch);
  if (settings.kind == "perplexity")
    return evaluate_perplexity(PlainText(datasets / settings.dataset), settings, models, tokenizer);
  if (settings.kind == "multiple_choice")
    return evaluate_choices(read_choices(datasets, settings.dataset, kSplit, settings.num_items), settings, models,
                            tokenizer, task_seed);
  if (is_on_text(settings))
    return evaluate_likelihood(PlainText(datasets / settings.dataset), settings, models, tokenizer, task_seed);
  const auto parts = read_dataset(datasets, settings.dataset, kSplit, settings.num_items);
  if (settings.kind == "likelihood") return evaluate_likelihood(parts, settings, models, tokenizer, task_seed);
  TaskResult result = evaluate_generation(parts, settings, models, tokenizer, task_seed,
                                          settings.generation.chat ? prompter : nullptr, std::move(watch));
  if (const auto guess = blind_guess(parts, settings.metric)) result.metrics.push_back(*guess);
  return result;
}

std::string task_data_hash(const std::filesystem::path& datasets, const EvalTaskSettings& settings) {
  check_settings(settings);
  if (is_on_text(settings)) return sha256_file(datasets / settings.dataset);
  if (settings.kind == "benchmark") {
    const BenchmarkTask benchmark = benchmark_of(settings, datasets);
    return benchmark_hash(benchmark, all_benchmark_items(datasets, settings, benchmark));
  }
  return settings.kind == "multiple_choice" ? joined_hash(read_choices(datasets, settings.dataset, kSplit))
                                            : item_hash(read_dataset(datasets, settings.dataset, kSplit));
}

}  // namespace freeact
