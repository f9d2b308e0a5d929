// Runs of benchmarks that report several scores and subsets, of a model that papers write about.
#pragma once

#include <string>
#include <vector>

#include "plausible_runs.h"
#include "report/analysis.h"

namespace freeact {

// Answers right items first: the headline follows from them, the second score is a little higher.
inline void add_benchmark(RunRecord& run, const std::string& task, const std::vector<double>& scores,
                          int64_t population) {
  const auto count = std::ssize(scores);
  for (int64_t i = 0; i < count; ++i)
    run.samples.push_back({task, i, task + std::to_string(i), "answer", scores[static_cast<size_t>(i)]});
  const double percent = 100 * mean(scores);
  const auto add = [&](const std::string& name, const std::string& group, double value, double error) {
    run.metrics.push_back({task, 1, name, group, value, error, count, true, "%", group.empty() ? population : 0});
  };
  add("lm-eval/" + task + "/strict-match", "", percent, 2.5);
  add("lm-eval/" + task + "/flexible-extract", "", percent + 3, 1.5);
  add("lm-eval/" + task + "/strict-match", "subset=algebra", percent - 7, 4);
  add("lm-eval/" + task + "/flexible-extract", "subset=algebra", percent - 4, 4);
}

inline RunRecord benchmark_run(const std::string& method, uint64_t seed) {
  RunRecord run = plausible_run({method, 1, 0.1, 0, true}, "W4A4", seed, 1);
  run.model = "llada_8b";
  run.metrics.clear();
  run.samples.clear();
  return run;
}

inline std::vector<double> right_of(int right, int items) {
  std::vector<double> scores(static_cast<size_t>(items), 0.0);
  std::fill_n(scores.begin(), right, 1.0);
  return scores;
}

inline std::vector<Run> numbered(const std::vector<RunRecord>& records) {
  std::vector<Run> runs;
  for (const auto& record : records) runs.push_back(make_run(std::ssize(runs) + 1, record));
  return runs;
}

}  // namespace freeact
