// What one finished run leaves behind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/block_training.h"
#include "store/token_analysis.h"
#include "store/unmasking.h"

namespace freeact {

// One aggregated number of one task. NaN means "could not be computed" and is kept as such.
struct Metric {
  std::string task;
  int task_version = 1;
  std::string name;   // "exact_match", "nll"
  std::string group;  // "" for the whole task, or a part of it: "mask_ratio=0.4"
  double value = 0;   // in `unit`
  double standard_error = 0;
  int64_t count = 0;  // items (or tokens) behind the value
  bool higher_is_better = true;
  std::string unit;        // "%", "nats"
  int64_t population = 0;  // items that the data have, of which `count` were scored; 0: unknown

  bool operator==(const Metric&) const = default;
};

// How an answer of a benchmark came about.
struct SampleDetails {
  std::string prompt;    // as the model read it, special tokens included
  std::string response;  // all that the model wrote; the sample's output is what the stops left of it
  std::string judged;    // JSON: {SCORER: {"answer": what the rule took for the answer, "score": its score}}
  int64_t tokens = 0;    // written
  int64_t steps = 0;     // forward passes that wrote them
  double seconds = 0;    // of the batch it was written in, divided by the batch's items

  bool operator==(const SampleDetails&) const = default;
};

// One test item as it was answered. score is a share in [0, 1] for accuracies, whatever the unit of the metric is.
struct Sample {
  std::string task;
  int64_t index = 0;
  std::string input_hash;
  std::string output;
  double score = 0;
  std::optional<SampleDetails> details = {};

  bool operator==(const Sample&) const = default;
};

// What an item with a picture showed, so that the report can lay every method's answer (Sample of the same task, index
// and input_hash) beside it. A run names an item once. Every run of a task has the same items, and the store keeps each
// of them once.
struct GalleryItem {
  std::string task;
  int64_t index = 0;       // Sample::index
  std::string input_hash;  // Sample::input_hash
  std::string question;
  std::string expected;
  std::string image_png;  // the bytes of a PNG file

  bool operator==(const GalleryItem&) const = default;
};

struct LayerError {
  int layer = 0;
  std::string site;           // "attention.qkv", "attention.output", "mlp.gate_up", "mlp.down"
  std::string token_type;     // "visible", "mask"; "text", "vision"
  double relative_error = 0;  // ||y_hat - y||^2 / ||y||^2 over the tokens of this type
  int64_t tokens = 0;
  // The same without rounding, so that only what the method drops is missing; with rounded activations and 16-bit
  // weights. Unknown of runs of older versions.
  std::optional<double> truncation = {};
  std::optional<double> activation_only = {};

  bool operator==(const LayerError&) const = default;
};

// What the activations of the 16-bit model look like at one site for one token type; see
// calibration/activation_statistics.h for the definitions.
struct ActivationStatistics {
  int layer = 0;
  std::string site;
  std::string token_type;
  int64_t tokens = 0;
  int64_t width = 0;  // of the site
  double effective_rank = 0;
  int64_t dims_99 = 0;
  double mean_share = 0;
  double absmax = 0;
  double channel_ratio = 0;
  double crest = 0;
  double kurtosis = 0;

  bool operator==(const ActivationStatistics&) const = default;
};

struct RunRecord {
  std::string key;  // hash of everything that determines the result
  std::string experiment;
  std::string model;
  std::string method;
  std::string bits;  // "W4A4"
  uint64_t seed = 0;
  std::string resolved_config;  // YAML
  std::string source_version;
  std::string checkpoint_hash;
  // Of all weights, transforms and scales: integers as they are packed, all other numbers in 16 bits. Unknown of runs
  // of older versions, and of models that no folder can hold.
  std::optional<int64_t> model_bytes = {};

  // What may differ between two identical runs; kept apart from the results.
  std::string arm =
      {};               // what the experiment calls this configuration of the method; unknown of runs of older versions
  std::string machine;  // one line: CPU, cores, threads, operating system
  std::string started_at;  // UTC, ISO 8601
  double calibration_s = 0;
  double evaluation_s = 0;

  std::vector<Metric> metrics;
  std::vector<Sample> samples;
  std::vector<LayerError> layer_errors;
  std::vector<ActivationStatistics> activations;    // of the 16-bit model alone: they do not depend on the method
  std::vector<GalleryItem> gallery;                 // a few items of tasks with pictures
  std::vector<BlockTraining> block_trainings = {};  // of methods that train

  std::vector<RowSpaceOverlap> row_spaces = {};     // of the 16-bit model alone, as activations
  std::vector<SolutionSpace> solution_spaces = {};  // likewise
  std::vector<ActivationSurface> surfaces = {};  // what quantisers see, at a few sites; of the 16-bit model its inputs
  std::vector<UnmaskedAnswer> unmaskings = {};   // of a diffusion model's first answers to each task

  bool operator==(const RunRecord&) const = default;
};

// A run without its rows, for lists.
struct RunSummary {
  int64_t id = 0;
  std::string key;
  std::string experiment;
  std::string model;
  std::string method;
  std::string bits;
  uint64_t seed = 0;
  std::string source_version;
  std::string checkpoint_hash;
  std::string started_at;
};

}  // namespace freeact
