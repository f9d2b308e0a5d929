// A training step of FlatQuant's calibration of one block, as a benchmark. Random weights: it tells about speed only.
#pragma once

#include <cstdint>

#include "bench/benchmark.h"

namespace freeact {

// A causal block in Llama's form, and what a step sees of it.
struct TrainingShape {
  int64_t width = 64, heads = 4, mlp_width = 192;
  int64_t sequences = 4, tokens = 64;  // of a step
};

// Forward, backward and AdamW of transforms, scales and clips at W4A4. Rivals: products in float32 (the baseline, as
// the published code on a CPU) and in bfloat16.
BenchmarkGroup training_group(const TrainingShape& shape);

}  // namespace freeact
