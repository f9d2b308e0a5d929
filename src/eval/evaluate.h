// Evaluating a model on a task: generation scored by exact match, or the likelihood of masked answers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/decoder.h"
#include "tokenizer/tokenizer.h"

namespace freeact {

// The whole sequence is one unmasking block, so a step may write anywhere in it.
struct AnswerSettings {
  int64_t tokens_per_step = 1;
  double temperature = 0.0;
  double cfg_scale = 0.0;
  std::string remasking = "low_confidence";

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("tokens_per_step", tokens_per_step, "masked tokens written in a step, the most confident first");
    visit("temperature", temperature, "Gumbel noise; 0: argmax");
    visit("cfg_scale", cfg_scale, "classifier-free guidance");
    visit("remasking", remasking, "low_confidence or random");
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
  std::vector<double> mask_ratios;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "name shown in reports");
    visit("kind", kind, "generation or likelihood");
    visit("dataset", dataset, "folder below datasets/, or a path");
    visit("metric", metric, "exact_match for generation, nll for likelihood");
    visit("version", version, "raised when prompt, scorer or data change");
    visit("num_items", num_items, "first items of each part of the data set; 0: all");
    visit("batch_size", batch_size, "sequences in a forward pass");
    visit("generation", generation, "how answers are unmasked");
    visit("mask_ratios", mask_ratios, "likelihood: shares of the answer's tokens that are masked");
  }
};

struct MetricValue {
  std::string name;   // "exact_match", "nll"
  std::string group;  // "": the whole task; "mask_ratio=0.5"
  double value = 0;   // in unit
  double standard_error = 0;
  int64_t count = 0;  // items
  bool higher_is_better = true;
  std::string unit;  // "%", "nats"
};

struct SampleResult {
  int64_t index = 0;
  std::string input_hash;
  std::string output;  // "" for likelihood
  double score = 0;    // 0 or 1 for exact match; nats per masked token, over all ratios, for likelihood
};

struct TaskResult {
  std::string task;
  int version = 1;
  std::vector<MetricValue> metrics;
  std::vector<SampleResult> samples;
};

// Throws UserError when the settings or the data do not fit the task. Random choices (masks, noise) derive from seed
// alone: two models at one seed are scored on the same masks, item by item.
TaskResult evaluate_task(const std::filesystem::path& datasets, const EvalTaskSettings& settings, const Decoder& model,
                         const Tokenizer& tokenizer, uint64_t seed);

// SHA-256 of the test data the task reads.
std::string task_data_hash(const std::filesystem::path& datasets, const EvalTaskSettings& settings);

}  // namespace freeact
