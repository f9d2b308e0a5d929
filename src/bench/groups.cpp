#include <ATen/ATen.h>

#include <optional>

#include "bench/benchmark.h"
#include "bench/cpu_groups.h"
#include "bench/decode_sets.h"
#include "bench/training_step.h"

namespace freeact {
namespace {

// What benchmarks of a checkpoint are called after: its folder, or the one above where that is just "model".
std::string label_of(const std::filesystem::path& folder) {
  const auto parent = (folder / "").parent_path();  // without a slash at the end
  return (parent.filename() == "model" ? parent.parent_path() : parent).filename().string();
}

// Loads at the first use; groups that share a checkpoint read it once.
class SharedCheckpoint {
 public:
  explicit SharedCheckpoint(std::filesystem::path folder) : folder_(std::move(folder)) {}
  const BenchCheckpoint& get() {
    if (!loaded_) loaded_ = load_bench_checkpoint(folder_, label());
    return *loaded_;
  }
  std::string label() const { return label_of(folder_); }

 private:
  std::filesystem::path folder_;
  std::optional<BenchCheckpoint> loaded_;
};

BenchmarkGroup task_group(const std::string& task, const std::shared_ptr<SharedCheckpoint>& checkpoint) {
  return {"decode/" + checkpoint->label() + "/" + task, "one answer of the task " + task + ", block after block",
          rival_names([](const Acceleration&) { return true; }),
          [=](const BenchSettings& settings, const std::vector<std::string>& rivals) {
            return decode_contest(task_set(settings, checkpoint->get(), task, false), rivals);
          }};
}

// A task solved in place: the masks are scattered, so that there are no blocks to keep a cache for.
BenchmarkGroup in_place_group(const std::string& task, const std::shared_ptr<SharedCheckpoint>& checkpoint) {
  return {"decode/" + checkpoint->label() + "/" + task, "one answer of the task " + task + ", solved in place",
          rival_names([](const Acceleration& a) { return !a.cached(); }),
          [=](const BenchSettings& settings, const std::vector<std::string>& rivals) {
            return decode_contest(task_set(settings, checkpoint->get(), task, true), rivals);
          }};
}

// No rival with a threshold: random weights are never confident.
BenchmarkGroup random_group(const RandomShape& shape) {
  return {"decode/random_llada",
          fmt::format("random weights, speed only: width {}, {} layers, prompt {}, answer {}", shape.width,
                      shape.layers, shape.prompt, shape.answer),
          rival_names([](const Acceleration& a) { return a.threshold == 0; }),
          [=](const BenchSettings& settings, const std::vector<std::string>& rivals) {
            return decode_contest(random_set(settings, shape), rivals);
          }};
}

}  // namespace

std::vector<BenchmarkGroup> benchmark_groups(const BenchSettings& settings) {
  const auto checkpoint = std::make_shared<SharedCheckpoint>(
      settings.model.empty() ? settings.datasets / "puzzle_dllm" / "model" : settings.model);
  std::vector<BenchmarkGroup> all = {
      task_group("sort", checkpoint),           task_group("reverse", checkpoint),
      in_place_group("sudoku4x4", checkpoint),  random_group({}),
      training_group({64, 4, 192, 4, 64}),      training_group({256, 4, 768, 4, 256}),
      training_group({1024, 16, 3072, 4, 512}),
  };
  for (const auto& more : {linear_groups, transform_groups, evaluation_groups, published_model_groups})
    for (BenchmarkGroup& group : more()) all.push_back(std::move(group));
  return all;
}

}  // namespace freeact
