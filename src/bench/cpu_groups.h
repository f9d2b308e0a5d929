// Benchmarks of computing with integers on the CPU: the goals C1 to C6 of docs/benchmarks.md, and blocks in the shape
// of published models. Random weights and random data: they tell about speed only.
#pragma once

#include <vector>

#include "bench/benchmark.h"

namespace freeact {

// C1 to C4: a linear against torch's, at 512, 32 and 1 tokens, with weights from memory and from the cache; the share
// of the processor's integer peak.
std::vector<BenchmarkGroup> linear_groups();
// C5: transforms, slices and quantiser in one pass, against the product they are for.
std::vector<BenchmarkGroup> transform_groups();
// C6: whole small models, with integers and with floats on the integer grid.
std::vector<BenchmarkGroup> evaluation_groups();
// model/...: a block of each published shape, for its number of layers.
std::vector<BenchmarkGroup> published_model_groups();

}  // namespace freeact
