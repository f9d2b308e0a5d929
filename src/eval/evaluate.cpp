#include "eval/evaluate.h"

#include "eval/perplexity.h"
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
  for (const auto& part : parts) hashes += part.hash;
  return sha256(hashes);
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
}

TaskResult evaluate_task(const std::filesystem::path& datasets, const EvalTaskSettings& settings, const Decoder& model,
                         const Tokenizer& tokenizer, uint64_t seed, const ChatTemplate* chat) {
  check_settings(settings);
  check_model_fits(settings, model.config);
  const uint64_t task_seed = derive_seed(seed, "task " + settings.name);
  if (settings.kind == "perplexity")
    return evaluate_perplexity(PlainText(datasets / settings.dataset), settings, model, tokenizer);
  if (settings.kind == "multiple_choice")
    return evaluate_choices(read_choices(datasets, settings.dataset, kSplit, settings.num_items), settings, model,
                            tokenizer, task_seed);
  if (is_on_text(settings))
    return evaluate_likelihood(PlainText(datasets / settings.dataset), settings, model, tokenizer, task_seed);
  const auto parts = read_dataset(datasets, settings.dataset, kSplit, settings.num_items);
  if (settings.kind == "likelihood") return evaluate_likelihood(parts, settings, model, tokenizer, task_seed);
  return evaluate_generation(parts, settings, model, tokenizer, task_seed, settings.generation.chat ? chat : nullptr);
}

std::string task_data_hash(const std::filesystem::path& datasets, const EvalTaskSettings& settings) {
  check_settings(settings);
  if (is_on_text(settings)) return sha256_file(datasets / settings.dataset);
  return settings.kind == "multiple_choice" ? joined_hash(read_choices(datasets, settings.dataset, kSplit))
                                            : joined_hash(read_dataset(datasets, settings.dataset, kSplit));
}

}  // namespace freeact
