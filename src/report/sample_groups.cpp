#include "report/sample_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "report/backends.h"
#include "report/format.h"

namespace freeact {
namespace {

using Labels = std::map<const Run*, std::string>;

// As the tables call a run's arm. What the 16-bit model is called must not depend on the setting it is shown in.
Labels labels_of(const std::vector<Run>& runs, const std::vector<Setting>& settings) {
  Labels labels;
  for (const auto& setting : settings) {
    for (const auto& arm : setting.arms)
      for (const Run* run : arm.runs) labels.emplace(run, arm.label);
    for (const Run* run : setting.superseded)
      labels.emplace(run, method_label(run->record.method) + ", superseded by a newer run");
  }
  for (const auto& [simulated, integer] : backend_twins(runs))
    if (const auto found = labels.find(simulated); found != labels.end())
      labels.emplace(integer, found->second + ", with integers");
  return labels;
}

// Of any metric: a likelihood alone has none in percent.
bool is_graded(const Run& run, const std::string& task) {
  return std::any_of(run.record.metrics.begin(), run.record.metrics.end(),
                     [&](const Metric& metric) { return metric.task == task && metric.unit == "%"; });
}

std::vector<SampleItem> items_of(const SampleGroup& group) {
  std::set<SampleItem> items;
  for (const Run* run : group.runs) {
    const TaskSamples& samples = *run->find_task(group.task);
    for (size_t i = 0; i < samples.size(); ++i) items.insert({samples.indices[i], samples.inputs[i]});
  }
  return {items.begin(), items.end()};
}

// 16-bit first, then in the order of the literature.
void add_rows(SampleGroup& group, const Labels& labels) {
  using Key = std::tuple<bool, std::string, int, std::string>;
  std::map<Key, std::vector<size_t>> rows;
  for (size_t i = 0; i < group.runs.size(); ++i) {
    const RunRecord& record = group.runs[i]->record;
    const auto found = labels.find(group.runs[i]);
    const std::string label = found == labels.end() ? method_label(record.method) : found->second;
    rows[{record.method != "none", record.bits, method_rank(record.method), label}].push_back(i);
  }
  for (auto& [key, positions] : rows) {
    std::stable_sort(positions.begin(), positions.end(),
                     [&](size_t a, size_t b) { return group.runs[a]->record.seed < group.runs[b]->record.seed; });
    group.rows.push_back({.bits = std::get<1>(key), .label = std::get<3>(key), .runs = std::move(positions)});
  }
}

}  // namespace

std::vector<SampleGroup> sample_groups(const std::vector<Run>& runs, const std::vector<Setting>& settings) {
  std::vector<SampleGroup> groups;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, size_t> places;
  for (const auto& run : runs)
    for (const auto& samples : run.tasks) {
      const auto& [experiment, model, checkpoint] =
          std::tie(run.record.experiment, run.record.model, run.record.checkpoint_hash);
      const auto [place, is_new] = places.try_emplace({experiment, model, checkpoint, samples.task}, groups.size());
      if (is_new)
        groups.push_back({.experiment = experiment,
                          .model = model,
                          .checkpoint_hash = checkpoint,
                          .task = samples.task,
                          .runs = {},
                          .rows = {},
                          .items = {}});
      SampleGroup& group = groups[place->second];
      group.graded |= is_graded(run, samples.task);
      group.runs.push_back(&run);
      group.samples += samples.size();
    }
  const Labels labels = labels_of(runs, settings);
  for (auto& group : groups) {
    group.items = items_of(group);
    add_rows(group, labels);
  }
  // Answers that are right or wrong say more at first sight than likelihoods.
  std::stable_partition(groups.begin(), groups.end(), [](const SampleGroup& group) { return group.graded; });
  return groups;
}

}  // namespace freeact
