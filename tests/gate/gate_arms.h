// Arms as a database gives them, with numbers drawn around a level.
#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "gate/gate.h"
#include "util/random.h"

namespace freeact {

inline double normal(Random& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * std::numbers::pi * random.uniform());
}

inline double share_of(double chance, int64_t items, Random& random) {
  int64_t right = 0;
  for (int64_t i = 0; i < items; ++i) right += random.uniform() < chance ? 1 : 0;
  return 100.0 * static_cast<double>(right) / static_cast<double>(items);
}

// A quantised arm's seed: eight layer errors that vary by 4 %, a likelihood by 2 %, three shares of 48 items.
inline SeedRun drawn_run(uint64_t seed, double error_factor = 1, double accuracy_factor = 1) {
  Random random(seed, "gate");
  SeedRun run{"one machine", "0.1", {}};
  for (int i = 0; i < 8; ++i)
    run.metrics["layer_error/site" + std::to_string(i)] = {
        error_factor * 0.02 * (i + 1) * std::exp(0.04 * normal(random)), "", false, 0};
  run.metrics["puzzles/nll"] = {0.4 * std::exp(0.02 * normal(random)), "nats", false, 512};
  for (const auto& [task, chance] : {std::pair{"sort", 1.0}, {"reverse", 0.9}, {"sudoku", 0.5}})
    run.metrics[std::string(task) + "/exact_match"] = {share_of(accuracy_factor * chance, 48, random), "%", true, 48};
  return run;
}

inline MeasuredArm drawn_arm(const std::string& arm, const std::vector<uint64_t>& seeds, double error_factor = 1,
                             double accuracy_factor = 1) {
  MeasuredArm measured{{"regression", "puzzle_dllm", arm, "W4A4", "simulated"}, "abc", {}};
  for (const uint64_t seed : seeds)
    measured.seeds[seed] = drawn_run(seed + 1000 * arm.size(), error_factor, accuracy_factor);
  return measured;
}

inline std::vector<uint64_t> seeds_from(uint64_t first, uint64_t count) {
  std::vector<uint64_t> seeds;
  for (uint64_t i = 0; i < count; ++i) seeds.push_back(first + i);
  return seeds;
}

inline std::vector<MeasuredArm> drawn_arms(const std::vector<uint64_t>& seeds) {
  return {drawn_arm("rtn", seeds), drawn_arm("quarot", seeds)};
}

inline Reference drawn_reference(uint64_t num_seeds = 10, int seeds_compared = 2) {
  std::vector<std::string> left_out;
  return make_reference(drawn_arms(seeds_from(1, num_seeds)), 0.01, seeds_compared, left_out);
}

inline const Finding* find_finding(const GateResult& result, const std::string& arm, const std::string& metric) {
  for (const Finding& f : result.findings)
    if (f.arm.arm == arm && f.metric == metric) return &f;
  return nullptr;
}

}  // namespace freeact
