#include "eval/task_cost.h"

#include <algorithm>

#include "eval/benchmark_settings.h"
#include "eval/dataset.h"
#include "eval/scoring.h"

namespace freeact {
namespace {

int64_t divided_up(int64_t value, int64_t by) {
  return (value + by - 1) / by;
}

int64_t num_tokens(const Tokenizer& tokenizer, const std::string& text) {
  return std::ssize(tokenizer.encode(text));
}

// Of one answer, or of one batch of them.
int64_t steps_of(const AnswerSettings& s, int64_t answer_tokens) {
  const int64_t steps = s.steps > 0 ? s.steps : divided_up(answer_tokens, s.tokens_per_step);
  return s.cfg_scale > 0 ? 2 * steps : steps;
}

// Autoregressive models write one answer at a time.
TaskCost cost_of_answers(const EvalTaskSettings& s, const DecoderConfig& model, int64_t items, int64_t prompt_tokens,
                         int64_t answer_tokens) {
  TaskCost cost = {.items = items, .tokens = prompt_tokens + answer_tokens};
  cost.batch_size = model.causal ? 1 : std::min(s.batch_size, std::max<int64_t>(items, 1));
  cost.forward_passes =
      model.causal ? items * answer_tokens : divided_up(items, cost.batch_size) * steps_of(s.generation, answer_tokens);
  return cost;
}

std::string asked_text(const BenchmarkItem& item, bool chat) {
  if (!chat) return item.prompt.text;
  std::string text;
  for (const Message& message : item.prompt.messages) text += message.content;
  return text;
}

TaskCost cost_of_benchmark(const std::filesystem::path& datasets, const EvalTaskSettings& s, const DecoderConfig& model,
                           const Tokenizer& tokenizer) {
  const BenchmarkItems items = read_benchmark_items(datasets, benchmark_of(s, datasets), item_request(s));
  const int64_t prompt =
      items.items.empty() ? 0 : num_tokens(tokenizer, asked_text(items.items.front(), s.generation.chat));
  return cost_of_answers(s, model, std::ssize(items.items), prompt, s.generation.max_new_tokens);
}

TaskCost cost_of_text(const EvalTaskSettings& s) {
  const int64_t segments = std::ssize(chosen_offsets(s));
  if (s.kind == "perplexity") return {segments, segments, 1, s.segments.tokens};
  return {segments, divided_up(segments, s.batch_size) * std::ssize(s.mask_ratios), std::min(s.batch_size, segments),
          s.segments.tokens};
}

TaskCost cost_of_choices(const std::filesystem::path& datasets, const EvalTaskSettings& s, const DecoderConfig& model,
                         const Tokenizer& tokenizer) {
  TaskCost cost;
  const int64_t passes = model.causal ? 1 : divided_up(s.monte_carlo.draws, s.monte_carlo.batch_size);
  cost.batch_size = model.causal ? 1 : s.monte_carlo.batch_size;
  for (const ChoicePart& part : read_choices(datasets, s.dataset, "test", s.num_items)) {
    cost.items += std::ssize(part.items);
    for (const ChoiceItem& item : part.items) cost.forward_passes += passes * static_cast<int64_t>(item.count());
    if (!part.items.empty())
      cost.tokens = std::max(cost.tokens,
                             num_tokens(tokenizer, part.items.front().context_of(0) + part.items.front().ending_of(0)));
  }
  return cost;
}

TaskCost cost_of_items(const std::filesystem::path& datasets, const EvalTaskSettings& s, const DecoderConfig& model,
                       const Tokenizer& tokenizer) {
  TaskCost cost;
  for (const DatasetPart& part : read_dataset(datasets, s.dataset, "test", s.num_items)) {
    if (part.items.empty()) continue;
    const TaskItem& first = part.items.front();
    const int64_t prompt = num_tokens(tokenizer, first.input), written = num_tokens(tokenizer, first.answer);
    TaskCost of_part = cost_of_answers(s, model, std::ssize(part.items), prompt,
                                       s.generation.max_new_tokens > 0 ? s.generation.max_new_tokens : written);
    if (s.kind == "likelihood")
      of_part.forward_passes = divided_up(of_part.items, of_part.batch_size) * std::ssize(s.mask_ratios);
    cost = {cost.items + of_part.items, cost.forward_passes + of_part.forward_passes,
            std::max(cost.batch_size, of_part.batch_size), std::max(cost.tokens, of_part.tokens)};
  }
  return cost;
}

}  // namespace

TaskCost task_cost(const std::filesystem::path& datasets, const EvalTaskSettings& s, const DecoderConfig& model,
                   const Tokenizer& tokenizer) {
  if (s.kind == "benchmark") return cost_of_benchmark(datasets, s, model, tokenizer);
  if (is_on_text(s)) return cost_of_text(s);
  if (s.kind == "multiple_choice") return cost_of_choices(datasets, s, model, tokenizer);
  return cost_of_items(datasets, s, model, tokenizer);
}

}  // namespace freeact
