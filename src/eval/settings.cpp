#include "eval/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "util/suggest.h"

namespace freeact {
namespace {

class Checker {
 public:
  explicit Checker(std::string prefix) : prefix_(std::move(prefix)) {}

  void require(bool holds, const std::string& key, const std::string& what) const {
    if (!holds) throw FieldError(prefix_ + key, fmt::format("key '{}{}' {}", prefix_, key, what));
  }
  template <typename Number>
  void at_least(Number least, Number value, const std::string& key) const {
    require(value >= least, key, fmt::format("must be {} or more, but is {}", least, value));
  }
  void one_of(const std::vector<std::string>& known, const std::string& value, const std::string& key) const {
    const bool found = std::find(known.begin(), known.end(), value) != known.end();
    require(found, key, "is wrong: " + unknown_name(key, value, known));
  }

 private:
  const std::string prefix_;
};

// What each kind of task may be scored by.
const std::map<std::string, std::vector<std::string>> kMetricsOfKind = {
    {"benchmark", {}},  // those of its own file
    {"generation", {"exact_match", "relaxed_accuracy"}},
    {"likelihood", {"nll"}},
    {"multiple_choice", {"accuracy"}},
    {"perplexity", {"perplexity"}}};

void check_segments(const SegmentSettings& s, const Checker& check) {
  check.at_least<int64_t>(2, s.tokens, "tokens");
  check.require(!s.offsets.empty(), "offsets", "must list at least one offset");
  for (const int64_t offset : s.offsets) check.at_least<int64_t>(0, offset, "offsets");
}

void check_task(const EvalTaskSettings& s, const Checker& check) {
  std::vector<std::string> kinds;
  for (const auto& [kind, metrics] : kMetricsOfKind) kinds.push_back(kind);
  check.one_of(kinds, s.kind, "kind");
  const auto& metrics = kMetricsOfKind.at(s.kind);
  check.require(metrics.empty() || std::find(metrics.begin(), metrics.end(), s.metric) != metrics.end(), "metric",
                fmt::format("must be {} for kind {}", fmt::join(metrics, " or "), s.kind));
  check.require(!s.dataset.empty(), "dataset", "is missing: give it a value");
  check.at_least(1, s.version, "version");
  check.at_least<int64_t>(0, s.num_items, "num_items");
  check.at_least<int64_t>(1, s.batch_size, "batch_size");
  check.require(s.kind != "likelihood" || !s.mask_ratios.empty(), "mask_ratios", "must list at least one ratio");
  check.require(std::all_of(s.mask_ratios.begin(), s.mask_ratios.end(), [](double r) { return r > 0 && r <= 1; }),
                "mask_ratios", "must hold ratios in (0, 1]");
}

void check_benchmark(const EvalTaskSettings& s, const Checker& check) {
  check.one_of({"imported", "sample"}, s.items, "items");
  check.at_least<int64_t>(-1, s.shots, "shots");
  check.require(s.kind != "benchmark" || s.generation.max_new_tokens > 0, "generation.max_new_tokens",
                "must be 1 or more for kind benchmark");
}

void check_chat(const EvalTaskSettings& s, const Checker& check) {
  const bool in_chat = s.kind == "generation" && s.generation.chat;
  check.require(!s.answer_nll || in_chat, "answer_nll", "needs kind generation and generation.chat");
  check.require(s.images == ImageLimits() || in_chat || s.kind == "benchmark", "images",
                "needs kind benchmark, or generation with generation.chat");
  check.at_least<int64_t>(0, s.images.min_pixels, "images.min_pixels");
  check.at_least<int64_t>(0, s.images.max_pixels, "images.max_pixels");
  check.at_least<int64_t>(0, s.images.max_tiles, "images.max_tiles");
}

void check_monte_carlo(const MonteCarloSettings& s, const Checker& check) {
  check.at_least<int64_t>(1, s.draws, "draws");
  check.at_least<int64_t>(1, s.batch_size, "batch_size");
  check.at_least(0.0, s.cfg_scale, "cfg_scale");
}

// What holds for every model; the rest is the sampler's to refuse.
void check_sampling(const AnswerSettings& s, const Checker& check) {
  check.one_of({"auto", "dream", "llada"}, s.sampler, "sampler");
  check.one_of({"low_confidence", "random"}, s.remasking, "remasking");
  check.one_of({"entropy", "maskgit_plus", "origin", "topk_margin"}, s.alg, "alg");
  check.one_of({"raw_logits", "scaled_logits"}, s.confidence, "confidence");
  check.at_least(0.0, s.temperature, "temperature");
  check.at_least(0.0, s.cfg_scale, "cfg_scale");
  check.at_least(0.0, s.alg_temp, "alg_temp");
  check.at_least(0.0, s.repetition_penalty, "repetition_penalty");
  check.at_least<int64_t>(0, s.top_k, "top_k");
  check.require(s.top_p > 0 && s.top_p <= 1, "top_p", fmt::format("must be in (0, 1], but is {}", s.top_p));
  check.require(s.eps >= 0 && s.eps < 1, "eps", fmt::format("must be in [0, 1), but is {}", s.eps));
  try {
    check_settings(s.acceleration);
  } catch (const UserError& error) {
    check.require(false, "acceleration", fmt::format("is wrong: {}", error.what()));
  }
}

void check_lengths(const AnswerSettings& s, const Checker& check) {
  check.at_least<int64_t>(1, s.tokens_per_step, "tokens_per_step");
  check.at_least<int64_t>(0, s.steps, "steps");
  check.at_least<int64_t>(0, s.max_new_tokens, "max_new_tokens");
  check.at_least<int64_t>(0, s.block_length, "block_length");
  check.require(std::find(s.stops.begin(), s.stops.end(), "") == s.stops.end(), "stops", "must hold no empty text");
  check.require(!s.chat || s.max_new_tokens > 0, "chat", "needs max_new_tokens: an answer in a chat is appended");
  if (s.max_new_tokens == 0 || s.block_length == 0) return;
  check.require(s.max_new_tokens % s.block_length == 0, "block_length",
                fmt::format("is {}, which does not divide the {} new tokens", s.block_length, s.max_new_tokens));
  const int64_t blocks = s.max_new_tokens / s.block_length;
  check.require(s.steps % blocks == 0, "steps",
                fmt::format("is {}, which is no multiple of the {} blocks", s.steps, blocks));
}

}  // namespace

bool is_on_text(const EvalTaskSettings& settings) {
  return settings.kind == "perplexity" || (settings.kind == "likelihood" && settings.dataset.ends_with(".txt"));
}

void check_settings(const EvalTaskSettings& settings, const std::string& prefix) {
  check_task(settings, Checker(prefix));
  check_benchmark(settings, Checker(prefix));
  check_chat(settings, Checker(prefix));
  const Checker generation(prefix + "generation.");
  check_sampling(settings.generation, generation);
  check_lengths(settings.generation, generation);
  check_monte_carlo(settings.monte_carlo, Checker(prefix + "monte_carlo."));
  if (is_on_text(settings)) check_segments(settings.segments, Checker(prefix + "segments."));
}

EvalTaskSettings read_task_settings(const Json& task, const std::string& prefix) {
  const auto settings = read_fields<EvalTaskSettings>(task, prefix);
  check_settings(settings, prefix);
  return settings;
}

Json resolved_task_settings(const EvalTaskSettings& settings) {
  Json resolved = write_fields(settings);
  if (settings.kind != "generation" && settings.kind != "benchmark")
    resolved.erase("generation");
  else if (settings.generation.repetition_penalty == 0)
    resolved["generation"].erase("repetition_penalty");
  if (!settings.answer_nll) resolved.erase("answer_nll");
  if (settings.images == ImageLimits()) resolved.erase("images");
  if (settings.kind != "likelihood") resolved.erase("mask_ratios");
  if (settings.kind != "multiple_choice") resolved.erase("monte_carlo");
  if (!is_on_text(settings)) resolved.erase("segments");
  if (settings.kind == "multiple_choice" || settings.kind == "perplexity") resolved.erase("batch_size");
  if (settings.kind != "benchmark")
    for (const char* key : {"items", "shots", "shots_as_turns", "allow_unsandboxed"}) resolved.erase(key);
  return resolved;
}

}  // namespace freeact
