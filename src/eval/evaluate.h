// Evaluating a model on a task: answers written and compared, the likelihood of masked answers, or a choice among given
// answers.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/replicas.h"
#include "eval/response_log.h"
#include "eval/settings.h"
#include "prompt/prompter.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

struct MetricValue {
  std::string name;   // "exact_match", "relaxed_accuracy", "nll", "blind_guess", "accuracy", "normalised_accuracy",
                      // "perplexity"
  std::string group;  // "": the whole task; "mask_ratio=0.5"
  double value = 0;   // in unit
  double standard_error = 0;
  int64_t count = 0;  // items
  bool higher_is_better = true;
  std::string unit;        // "%", "nats", "ppl"; "" where a benchmark's pooling has a unit of its own
  int64_t population = 0;  // items that the data have, of which `count` were scored; 0: unknown
};

// How an answer came about; see SampleDetails of store/record.h.
struct AnswerDetails {
  std::string prompt, response, judged;
  int64_t tokens = 0, steps = 0;
  double seconds = 0;
};

struct SampleResult {
  int64_t index = 0;
  std::string input_hash;
  std::string
      output;        // generation: the answer; likelihood: ""; multiple choice: JSON with each choice's log likelihood
  double score = 0;  // in [0, 1]; nats per masked token, over all ratios, for likelihood
  std::optional<AnswerDetails> details = {};  // of benchmarks
};

// An item with a picture, for people to look at: the first picture where it has several.
struct ShownItem {
  int64_t index = 0;  // of its sample
  std::string input_hash, question, expected;
  std::string image_png;  // the bytes of a PNG file, at most 256 pixels a side
};

// In which order a diffusion model wrote an answer, ends of sequence included; see UnmaskedAnswer of
// store/unmasking.h.
struct UnmaskedItem {
  struct Token {
    std::string text;
    int64_t step;
  };
  int64_t index = 0;  // of its sample
  std::vector<Token> tokens;
};

struct TaskResult {
  std::string task;
  int version = 1;
  std::vector<MetricValue> metrics;
  std::vector<SampleResult> samples;
  std::vector<ShownItem> shown = {};        // the first with pictures, as many as shown.h says
  std::vector<UnmaskedItem> unmasked = {};  // likewise, of diffusion models
};

// What accompanies an evaluation.
struct EvaluationWatch {
  ResponseLog log = {};                                       // of benchmarks; the default keeps nothing
  std::function<void(size_t done, size_t all)> on_item = {};  // of benchmarks; may be null
};

// Throws UserError when the settings or the data do not fit the task. Random choices (masks, noise) derive from seed
// alone: two models at one seed are scored on the same masks, item by item. Replicas share the items, and the result is
// that of one of them. prompter asks the model, for tasks that set generation.chat. Tasks with images also have the
// metric blind_guess.
TaskResult evaluate_task(const std::filesystem::path& datasets, const EvalTaskSettings& settings,
                         const Replicas& models, const Tokenizer& tokenizer, uint64_t seed,
                         const Prompter* prompter = nullptr, EvaluationWatch watch = {});

// Throws UserError when a model of this kind cannot do the task, before anything is computed.
void check_model_fits(const EvalTaskSettings& settings, const DecoderConfig& config);

// Throws UserError, naming file and line, when an item has an image that nobody would see, and EnvironmentError when
// what judges the answers is missing here.
void check_data_fits(const std::filesystem::path& datasets, const EvalTaskSettings& settings, bool model_sees_images);

// SHA-256 of the data the task reads.
std::string task_data_hash(const std::filesystem::path& datasets, const EvalTaskSettings& settings);

}  // namespace freeact
