// What a benchmark's own file says about how it is asked, as settings of a task.
#pragma once

#include <filesystem>
#include <string>

#include "eval/settings.h"
#include "task/items.h"

namespace freeact {

// A task of kind "benchmark" with all that datasets/NAME/task.yaml fills in where the experiment says nothing:
// generation (the benchmark's defaults, what differs for the model's family, then the experiment's own keys), stops,
// scorer and version. With items "sample" the task's name says so. family: as in model/family.h; "": the defaults
// alone. Other tasks come back as they are. Throws UserError on an unknown benchmark.
Json with_benchmark_defaults(const Json& task, const std::filesystem::path& datasets, const std::string& family);

// The settings' choice of items. Throws UserError where the benchmark is unknown.
BenchmarkTask benchmark_of(const EvalTaskSettings& settings, const std::filesystem::path& datasets);
// A limit draws the same items for every seed of a run, so that methods and seeds are compared on them.
ItemRequest item_request(const EvalTaskSettings& settings);

}  // namespace freeact
