// Runs that look like the results of the embedded models: several methods, seeds, tasks and layers.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "store/record.h"
#include "util/random.h"

namespace freeact {

struct MethodLevel {
  std::string method;
  double accuracy;  // share of right items
  double nll;       // nats
  double layer_error;
  bool deterministic;
};

inline const std::vector<MethodLevel>& plausible_methods() {
  static const std::vector<MethodLevel> kMethods = {
      {"none", 0.993, 0.0127, 0, true},         {"rtn", 0.75, 0.222, 0.08, true},
      {"smoothquant", 0.80, 0.127, 0.07, true}, {"quarot", 0.85, 0.110, 0.031, false},
      {"flatquant", 0.91, 0.061, 0.020, false}, {"freeact", 0.92, 0.056, 0.024, false}};
  return kMethods;
}

inline void add_plausible_task(RunRecord& run, const std::string& task, int items, double accuracy, double nll,
                               Random& random) {
  double right = 0;
  for (int i = 0; i < items; ++i) {
    const double score = random.uniform() < accuracy ? 1 : 0;
    right += score;
    run.samples.push_back({task, i, task + std::to_string(i), "answer", score});
  }
  const double share = right / items;
  run.metrics.push_back(
      {task, 1, "exact_match", "", 100 * share, 100 * std::sqrt(share * (1 - share) / items), items, true, "%"});
  for (const char* ratio : {"0.25", "0.5", "1"})
    run.metrics.push_back({task, 1, "nll", std::string("mask_ratio=") + ratio, nll * (0.5 + std::atof(ratio)),
                           nll * 0.05, items, false, "nats"});
  run.metrics.push_back({task, 1, "nll", "", nll, nll * 0.04, items, false, "nats"});
}

inline void add_plausible_layers(RunRecord& run, double level, Random& random) {
  for (int layer = 0; layer < 8; ++layer) {
    double site_factor = 1;
    for (const char* site : {"attention.qkv", "attention.output", "mlp.gate_up", "mlp.down"}) {
      for (const char* type : {"visible", "mask"})
        run.layer_errors.push_back(
            {layer, site, type, level * site_factor * (0.5 + 0.1 * layer) * (0.8 + 0.4 * random.uniform()), 512});
      site_factor *= 1.4;
    }
  }
}

// The same for every seed, as with fixed data; mask tokens have low rank and a large mean.
inline void add_plausible_activations(RunRecord& run) {
  for (int layer = 0; layer < 8; ++layer)
    for (const char* site : {"attention.qkv", "attention.output", "mlp.gate_up", "mlp.down"})
      for (const bool mask : {false, true})
        run.activations.push_back({.layer = layer,
                                   .site = site,
                                   .token_type = mask ? "mask" : "visible",
                                   .tokens = 512,
                                   .width = 128,
                                   .effective_rank = (mask ? 9.0 : 40.0) + layer,
                                   .dims_99 = mask ? 12 : 60,
                                   .mean_share = mask ? 0.75 : 0.25,
                                   .absmax = 10.0 + layer,
                                   .channel_ratio = 3.0 * (1 + layer),
                                   .crest = 5,
                                   .kurtosis = 30});
}

// severity scales how much a method loses: 1 for W3A3, less for W4A4.
inline RunRecord plausible_run(const MethodLevel& level, const std::string& bits, uint64_t seed, double severity) {
  RunRecord run{.key = level.method + "-" + bits + "-" + std::to_string(seed),
                .experiment = "quickstart",
                .model = "tiny_dllm",
                .method = level.method,
                .bits = bits,
                .seed = seed,
                .resolved_config =
                    "seed: " + std::to_string(seed) + "\nbits: " + bits + "\nmethod:\n  name: " + level.method + "\n",
                .source_version = "0.1.0-12-gabcdef0",
                .checkpoint_hash = "8f14e45fceea167a5a36dedd4bea2543",
                .machine = "x86-64 with AVX-512, 2 cores, 2 threads, Linux",
                .started_at = "2025-06-01T10:0" + std::to_string(seed) + ":00Z",
                .calibration_s = 25.0 * severity,
                .evaluation_s = 8.25,
                .metrics = {},
                .samples = {},
                .layer_errors = {},
                .activations = {},
                .gallery = {}};
  Random random(level.deterministic ? 0 : seed, level.method + bits);
  const double shift = level.deterministic ? 0 : 0.04 * (random.uniform() - 0.5);
  int items = 200;
  for (const char* task : {"sudoku", "sort", "reverse"}) {
    const double accuracy = 1 - (1 - level.accuracy + shift) * severity;
    add_plausible_task(run, task, items, accuracy, 0.0127 + (level.nll - 0.0127) * severity * (1 + 4 * shift), random);
    items -= 50;
  }
  if (level.method == "none") add_plausible_activations(run);
  if (level.layer_error > 0) add_plausible_layers(run, level.layer_error * severity, random);
  return run;
}

inline std::vector<RunRecord> plausible_runs() {
  std::vector<RunRecord> runs;
  for (const auto& [bits, severity] : {std::pair{"W4A4", 0.12}, std::pair{"W3A3", 1.0}})
    for (const auto& level : plausible_methods())
      for (uint64_t seed = 1; seed <= 3; ++seed)
        if (level.method != "none" || std::string(bits) == "W4A4")
          runs.push_back(plausible_run(level, bits, seed, severity));
  return runs;
}

}  // namespace freeact
