#include "eval/benchmark_settings.h"

#include <algorithm>

#include "sandbox/sandbox.h"
#include "scoring/scorer.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr uint64_t kDrawingSeed = 0;

// Keys of `over` win; groups are merged key by key.
void merge(Json& under, const Json& over) {
  for (const auto& [key, value] : over.items())
    if (value.is_object() && under.contains(key) && under[key].is_object())
      merge(under[key], value);
    else
      under[key] = value;
}

// The benchmark's defaults, then what differs for the family.
Json for_family(const Json& by_family, const std::string& family) {
  Json values = Json::object();
  for (const std::string& part : {std::string("default"), family})
    if (const auto found = by_family.find(part); found != by_family.end()) merge(values, *found);
  return values;
}

Json generation_of(const BenchmarkTask& benchmark, const std::string& family, const Json& own) {
  Json generation = for_family(benchmark.generation, family);
  if (!benchmark.stops.empty()) generation["stops"] = benchmark.stops;
  merge(generation, own);
  return generation;
}

// No table may show ten items of our own under a benchmark's plain name.
std::string marked_as_sample(const std::string& name) {
  constexpr const char* kMark = " (own items)";
  return name.ends_with(kMark) ? name : name + kMark;
}

}  // namespace

Json with_benchmark_defaults(const Json& task, const std::filesystem::path& datasets, const std::string& family) {
  if (task.value("kind", "") != "benchmark" || !task.contains("dataset")) return task;
  const BenchmarkTask benchmark = read_benchmark_task(datasets, task.at("dataset"));
  Json whole = task;
  whole["generation"] = generation_of(benchmark, family, task.value("generation", Json::object()));
  Json images = for_family(benchmark.image_limits, family);
  merge(images, task.value("images", Json::object()));
  if (!images.empty()) whole["images"] = images;
  if (task.value("items", "") == "sample") whole["name"] = marked_as_sample(task.value("name", ""));
  if (!whole.contains("metric")) whole["metric"] = benchmark.scorers.front();
  if (!whole.contains("version")) whole["version"] = benchmark.version;
  return whole;
}

BenchmarkTask benchmark_of(const EvalTaskSettings& settings, const std::filesystem::path& datasets) {
  BenchmarkTask benchmark = read_benchmark_task(datasets, settings.dataset);
  const auto headline = std::ranges::find(benchmark.scorers, settings.metric);
  if (headline == benchmark.scorers.end())
    throw UserError("task '{}': {}", settings.name, unknown_name("metric", settings.metric, benchmark.scorers));
  std::rotate(benchmark.scorers.begin(), headline, headline + 1);  // the first scorer is the headline
  if (settings.allow_unsandboxed && !sandbox_obstacle().empty())
    for (std::string& scorer : benchmark.scorers)
      if (find_scorer(scorer).runs_code) scorer += kUnsandboxed;
  return benchmark;
}

ItemRequest item_request(const EvalTaskSettings& settings) {
  return {.source = settings.items == "sample" ? ItemSource::kSample : ItemSource::kImported,
          .num_shots = settings.shots,
          .shots_as_turns = settings.shots_as_turns,
          .limit = settings.num_items,
          .seed = kDrawingSeed};
}

}  // namespace freeact
