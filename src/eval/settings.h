// The settings of a task: what experiments/task/NAME.yaml may say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "generation/acceleration.h"
#include "generation/likelihood.h"
#include "prompt/image_processor.h"
#include "util/fields.h"

namespace freeact {

// How an answer is written. A sampler takes from these what it knows.
struct AnswerSettings {
  std::string sampler = "auto";
  int64_t max_new_tokens = 0;
  int64_t tokens_per_step = 1;
  int64_t steps = 0;
  int64_t block_length = 0;
  double temperature = 0.0;
  double cfg_scale = 0.0;
  std::string remasking = "low_confidence";
  bool logits_eos_inf = false;
  bool confidence_eos_eot_inf = false;
  std::string alg = "entropy";
  double top_p = 1.0;
  int64_t top_k = 0;
  double alg_temp = 0.0;
  std::string confidence = "scaled_logits";
  double eps = 1e-3;
  Acceleration acceleration;
  double repetition_penalty = 0.0;
  bool chat = false;
  std::vector<std::string> stops;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("sampler", sampler, "auto (the model's own), llada or dream");
    visit("max_new_tokens", max_new_tokens,
          "masks appended to the text before {answer}, or longest answer of an autoregressive model; 0: the masks are "
          "those of the layout, which knows the answer's length");
    visit("tokens_per_step", tokens_per_step, "masked tokens written in a step, the most confident first");
    visit("steps", steps, "denoising steps in place of tokens_per_step; 0: by tokens_per_step");
    visit("block_length", block_length, "tokens of one semi-autoregressive block; 0: no blocks");
    visit("temperature", temperature, "of the predicted tokens; 0: argmax");
    visit("cfg_scale", cfg_scale, "llada: classifier-free guidance");
    visit("remasking", remasking, "llada: low_confidence or random");
    visit("logits_eos_inf", logits_eos_inf, "llada: never predict the end of sequence");
    visit("confidence_eos_eot_inf", confidence_eos_eot_inf, "llada: write ends of sequence and turn last");
    visit("alg", alg, "dream: origin, maskgit_plus, topk_margin or entropy");
    visit("top_p", top_p, "dream: smallest set of tokens with more than this probability; 1: all tokens");
    visit("top_k", top_k, "dream: tokens kept; 0: all tokens");
    visit("alg_temp", alg_temp, "dream: randomness of the order; 0: most confident first");
    visit("confidence", confidence, "dream: scaled_logits (as published) or raw_logits");
    visit("eps", eps, "dream: time at which the diffusion ends");
    visit("acceleration", acceleration, "faster, approximate unmasking");
    visit("repetition_penalty", repetition_penalty,
          "autoregressive models: above 1, tokens that have occurred become less likely; 0: as the checkpoint's "
          "generation_config.json says");
    visit("chat", chat, "the text before {answer} is one user message in the model's chat template");
    visit("stops", stops, "the answer is cut at each of these texts, in this order, before it is scored");
  }
};

// The stretches of a text that are scored.
struct SegmentSettings {
  int64_t tokens = 512;
  std::vector<int64_t> offsets;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("tokens", tokens, "tokens of a segment; the first is given");
    visit("offsets", offsets, "where each segment begins, in characters of the file");
  }
};

struct EvalTaskSettings {
  std::string name;
  std::string kind = "generation";
  std::string dataset;
  std::string metric = "exact_match";
  int version = 1;
  int64_t num_items = 0;
  int64_t batch_size = 200;
  AnswerSettings generation;
  bool answer_nll = false;
  ImageLimits images;
  std::vector<double> mask_ratios;
  MonteCarloSettings monte_carlo;
  SegmentSettings segments;
  std::string items = "imported";
  int64_t shots = -1;
  bool shots_as_turns = true;
  bool allow_unsandboxed = false;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "name shown in reports");
    visit("kind", kind,
          "benchmark: a benchmark's items are answered and judged by its rules (task/task.h); generation: an answer is "
          "written and compared; likelihood: given answers are scored; multiple_choice: the likeliest of given answers "
          "is chosen; perplexity: of a text, for autoregressive models");
    visit("dataset", dataset,
          "folder below datasets/, or a path; for benchmark its name, NAME or NAME/VARIANT; for perplexity, and where "
          "it ends in .txt for likelihood, a text file");
    visit("metric", metric,
          "exact_match or relaxed_accuracy (numbers within 5 %, else equal text whatever its case) for generation, nll "
          "for likelihood, accuracy for multiple_choice, perplexity for perplexity, one of its scorers for benchmark");
    visit("version", version, "raised when prompt, scorer or data change, so that old rows are not compared with new");
    visit("num_items", num_items,
          "first items of each part of the data set, or first segments; for benchmark, items drawn once for all seeds; "
          "0: all");
    visit("batch_size", batch_size, "generation, likelihood: sequences in a forward pass");
    visit("generation", generation, "how answers are written");
    visit(
        "answer_nll", answer_nll,
        "generation in a chat, autoregressive models: also nll, the nats per token of the right answer and the end of "
        "its turn");
    visit("images", images, "generation in a chat: how large the items' images are seen");
    visit("mask_ratios", mask_ratios, "likelihood: shares of the answer's, or a segment's, tokens that are masked");
    visit("monte_carlo", monte_carlo, "multiple_choice: likelihood of diffusion models");
    visit("segments", segments, "of a text: what is scored");
    visit("items", items, "benchmark: imported (the published data) or sample (ten items of our own, for trials)");
    visit("shots", shots, "benchmark: solved examples in front of each item; -1: as many as the benchmark says");
    visit("shots_as_turns", shots_as_turns,
          "benchmark in a chat: each example is a turn of its own; false: all stand in the user's message");
    visit(
        "allow_unsandboxed", allow_unsandboxed,
        "benchmark: where no sandbox can be had, run the code that the model writes without one, as nobody where root "
        "asks and under limits of time and memory alone; the metric's name says so");
  }
};

// Whether segments of a text are scored, not items.
bool is_on_text(const EvalTaskSettings& settings);

// Throws FieldError on settings that make no sense for any model; prefix leads to the task's keys ("tasks[0].").
void check_settings(const EvalTaskSettings& settings, const std::string& prefix = "");

// A task as its file has it, checked.
EvalTaskSettings read_task_settings(const Json& task, const std::string& prefix = "");

// All settings, defaults included, without the groups that other kinds of tasks read: what determines a result. Keys
// that came after the first results (answer_nll, images, generation.repetition_penalty) are left out at their defaults,
// so that a finished run is still known.
Json resolved_task_settings(const EvalTaskSettings& settings);

}  // namespace freeact
