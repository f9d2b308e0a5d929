#include "eval/evaluate.h"

#include <algorithm>

#include "eval/scoring.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/random.h"
#include "util/suggest.h"

namespace freeact {
namespace {

void check(const EvalTaskSettings& s) {
  const auto refuse = [&](const char* key, const std::string& what) {
    throw UserError("task '{}': key '{}' {}", s.name, key, what);
  };
  if (s.kind != "generation" && s.kind != "likelihood")
    refuse("kind", "is wrong: " + unknown_name("kind", s.kind, {"generation", "likelihood"}));
  const char* metric = s.kind == "generation" ? "exact_match" : "nll";
  if (s.metric != metric) refuse("metric", fmt::format("must be {} for kind {}", metric, s.kind));
  if (s.batch_size < 1) refuse("batch_size", "must be 1 or more");
  if (s.num_items < 0) refuse("num_items", "must be 0 (all) or more");
  if (s.generation.tokens_per_step < 1) refuse("generation.tokens_per_step", "must be 1 or more");
  if (s.kind == "likelihood" && s.mask_ratios.empty()) refuse("mask_ratios", "must list at least one ratio");
  if (std::any_of(s.mask_ratios.begin(), s.mask_ratios.end(), [](double r) { return !(r > 0 && r <= 1); }))
    refuse("mask_ratios", "must hold ratios in (0, 1]");
}

}  // namespace

TaskResult evaluate_task(const std::filesystem::path& datasets, const EvalTaskSettings& settings, const Decoder& model,
                         const Tokenizer& tokenizer, uint64_t seed) {
  check(settings);
  const auto parts = read_dataset(datasets, settings.dataset, "test", settings.num_items);
  const auto evaluate = settings.kind == "generation" ? evaluate_generation : evaluate_likelihood;
  return evaluate(parts, settings, model, tokenizer, derive_seed(seed, "task " + settings.name));
}

std::string task_data_hash(const std::filesystem::path& datasets, const EvalTaskSettings& settings) {
  check(settings);
  std::string hashes;
  for (const DatasetPart& part : read_dataset(datasets, settings.dataset, "test")) hashes += part.hash;
  return sha256(hashes);
}

}  // namespace freeact
