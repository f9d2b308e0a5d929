#include "large_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "util/hash.h"
#include "util/random.h"

namespace freeact {
namespace {

struct Method {
  const char* name;
  double loss;  // share of the 16-bit model's right answers that W4A4 gets wrong
};
constexpr Method kReference = {"none", 0};
constexpr Method kMethods[] = {
    {"rtn", 0.30}, {"smoothquant", 0.24}, {"quarot", 0.15}, {"flatquant", 0.08}, {"freeact", 0.07}};
constexpr const char* kBitWidths[] = {"W4A8", "W4A4", "W3A3", "W2A4"};
constexpr double kSeverity[] = {0.3, 1, 2, 3};

// Partly: an answer may be worth a share of a point, and the item has a picture.
struct TaskKind {
  const char* name;
  const char* question;
  bool partly;
};
constexpr TaskKind kTasks[] = {
    {"grade_school", "A farmer sells {} crates of apples on each of {} days and keeps 7. How many crates were there?",
     false},
    {"sudoku", "Complete the grid 1.3{} .4{} 2..1 .13. so that every row, column and block has each digit once.",
     false},
    {"invoices", "What is the sum of the {} items on line {} of the invoice?", true},
    {"programs", "Write a function that returns the {} largest of {} numbers, largest first.", false}};

struct Cell {
  int model, bits, variant;
  Method method;
  uint64_t seed;
};

// How hard an item is: the same for all runs, in [0, 1).
double difficulty(const TaskKind& task, int item) {
  return Random(static_cast<uint64_t>(item), task.name).uniform();
}

std::string question_of(const TaskKind& task, int item) {
  return fmt::format(fmt::runtime(task.question), 2 + item % 7, 3 + item / 7);
}

// The reasoning of a right answer is the same for all; a wrong one is one of a few dozen.
std::string response_of(const TaskKind& task, int item, double score, Random& random) {
  if (score == 1)
    return fmt::format("Step by step: {} of item {} give {}, so that the answer is {}.", task.name, item, 3 * item + 1,
                       3 * item + 8);
  return fmt::format("Step by step: {} of item {}, which I read as {}, give {} ü\n\"quoted\"; the answer is {}.",
                     task.name, item, random.below(4), random.below(3), random.below(5));
}

Sample sample_of(const TaskKind& task, int item, double score, Random& random) {
  const std::string response = response_of(task, item, score, random);
  const std::string answer = response.substr(response.rfind(' ') + 1);
  return {.task = task.name,
          .index = item,
          .input_hash = sha256(question_of(task, item)),
          .output = answer,
          .score = score,
          .details =
              SampleDetails{.prompt = fmt::format("<|user|>\n{}\nPlease reason step by step, and put your final answer "
                                                  "at the end.<|end|>\n<|assistant|>\n",
                                                  question_of(task, item)),
                            .response = response,
                            .judged = fmt::format(R"({{"strict":{{"answer":"{}","score":{}}}}})", answer, score),
                            .tokens = 40 + item,
                            .steps = 64,
                            .seconds = 0.5}};
}

void add_task(RunRecord& run, const TaskKind& task, const Cell& cell, int items) {
  const double loss = cell.bits < 0 ? 0 : cell.method.loss * kSeverity[cell.bits] * (1 + 0.05 * cell.variant);
  const double skill = (0.55 + 0.04 * cell.model) * (1 - std::min(0.95, loss));
  Random random(cell.seed, run.key + task.name);
  double sum = 0, squares = 0;
  for (int item = 0; item < items; ++item) {
    const double margin = skill + 0.06 * (random.uniform() - 0.5) - difficulty(task, item);
    const double score = margin > 0 ? 1 : task.partly && margin > -0.1 ? 0.5 : 0;
    sum += score;
    squares += score * score;
    run.samples.push_back(sample_of(task, item, score, random));
  }
  const double share = sum / items;
  const double error = std::sqrt(std::max(0.0, squares / items - share * share) / items);
  run.metrics.push_back({task.name, 1, "exact_match", "", 100 * share, 100 * error, items, true, "%", 10 * items});
}

void add_layers(RunRecord& run, const Cell& cell, int layers) {
  Random random(cell.seed, run.key);
  for (int layer = 0; layer < layers; ++layer)
    for (const char* site : {"attention.qkv", "attention.output", "mlp.gate_up", "mlp.down"})
      for (const char* type : {"visible", "mask"})
        run.layer_errors.push_back({.layer = layer,
                                    .site = site,
                                    .token_type = type,
                                    .relative_error = cell.method.loss * (0.1 + random.uniform() / (1 + layer)),
                                    .tokens = 4096,
                                    .truncation = 0.0,
                                    .activation_only = 0.01 * random.uniform()});
}

std::string config_of(const Cell& cell) {
  std::string config =
      fmt::format("name: sweep\nmodel:\n  name: model_{}\nmethod:\n  name: {}\n", cell.model, cell.method.name);
  if (cell.variant > 0) config += fmt::format("  epochs: {}\n", 10 * cell.variant);
  for (int i = 0; i < 60; ++i) config += fmt::format("  setting_{}: {}\n", i, i * i);
  return config + fmt::format("seed: {}\n", cell.seed);
}

RunRecord run_of(const Cell& cell, const LargeDatabase& size) {
  const std::string bits = cell.bits < 0 ? "16-bit" : kBitWidths[cell.bits];
  RunRecord run{.key = sha256(fmt::format("{} {} {}", bits, cell.model, config_of(cell))),
                .experiment = "sweep",
                .model = fmt::format("model_{}", cell.model),
                .method = cell.method.name,
                .bits = bits,
                .seed = cell.seed,
                .resolved_config = config_of(cell),
                .source_version = "0.1.0",
                .checkpoint_hash = sha256(fmt::format("checkpoint {}", cell.model)),
                .machine = "a machine",
                .started_at = "2025-06-01T10:00:00Z",
                .calibration_s = 60,
                .evaluation_s = 600,
                .metrics = {},
                .samples = {},
                .layer_errors = {},
                .activations = {},
                .gallery = {}};
  for (const auto& task : kTasks) add_task(run, task, cell, size.items);
  if (cell.bits >= 0) add_layers(run, cell, size.layers);
  return run;
}

}  // namespace

void fill(Store& store, const LargeDatabase& size) {
  for (int model = 0; model < size.models; ++model)
    for (uint64_t seed = 1; seed <= static_cast<uint64_t>(size.seeds); ++seed) {
      store.add(run_of({model, -1, 0, kReference, seed}, size));
      for (int bits = 0; bits < size.bit_widths; ++bits)
        for (const auto& method : kMethods)
          for (int variant = 0; variant < size.variants; ++variant)
            store.add(run_of({model, bits, variant, method, seed}, size));
    }
}

}  // namespace freeact
