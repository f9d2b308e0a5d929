// Evaluating a model on a benchmark (src/task): its items are asked, the responses judged by every scorer it names.
#pragma once

#include "eval/evaluate.h"
#include "eval/respond.h"
#include "task/items.h"

namespace freeact {

// A metric for every scorer, named as it is, the headline first; for the headline one for each subset
// ("subset=VALUE"); and those of the poolings ("vlmevalkit/pope Overall.f1"). An item for which a scorer would draw at
// random counts 0. Throws UserError naming a broken item's place.
TaskResult evaluate_benchmark(const BenchmarkTask& benchmark, const BenchmarkItems& items,
                              const Respondent& respondent);

// Throws EnvironmentError when what the scorers need is missing here, such as the sandbox for code.
void check_scorers(const BenchmarkTask& benchmark, const EvalTaskSettings& settings);

// SHA-256 of the items, of their images where they are files, and of the benchmark's own settings.
std::string benchmark_hash(const BenchmarkTask& benchmark, const BenchmarkItems& items);

}  // namespace freeact
