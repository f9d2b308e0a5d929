// What a database measured, as the gate compares it: arms, their seeds, and a flat list of named numbers of each.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/store.h"

namespace freeact {

// One method in one configuration on one model.
struct ArmName {
  std::string experiment, model;
  std::string arm;  // what the experiment calls it: "freeact_brief"
  std::string bits;
  std::string backend;

  // "regression, puzzle_dllm, freeact_brief, W4A4"; the backend where it is none of floats
  std::string text() const;
  auto operator<=>(const ArmName&) const = default;  // NOLINT(modernize-use-nullptr): of clang-tidy 14
};

struct MeasuredMetric {
  double value = 0;
  std::string unit;  // "%", "nats", "" of errors
  bool higher_is_better = false;
  int64_t items = 0;  // behind the value; 0 where it has none
};

// By name: "sort/exact_match", "masked_likelihood/nll/mask_ratio=0.5", and of quantised sites the mean over layers:
// "layer_error/mlp.down/mask", of it "layer_error.activations/..." with 16-bit weights and "layer_error.truncation/..."
// of what is dropped.
using Measurements = std::map<std::string, MeasuredMetric>;

struct SeedRun {
  std::string machine;
  std::string source_version;
  Measurements metrics;
};

struct MeasuredArm {
  ArmName name;
  std::string settings;               // hash of configuration and checkpoint, without seed and places
  std::map<uint64_t, SeedRun> seeds;  // the newest run of each
};

// In order of name; an empty experiment means all. Numbers that are not finite are kept.
std::vector<MeasuredArm> measured_arms(const Store& store, const std::string& experiment = "");

}  // namespace freeact
