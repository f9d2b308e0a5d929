#include "report/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "report/format.h"
#include "store/sample_reader.h"

namespace freeact {
namespace {

bool is_shown(const SampleView& sample, const std::vector<GalleryItem>& gallery) {
  return std::any_of(gallery.begin(), gallery.end(), [&](const GalleryItem& item) {
    return item.task == sample.task && item.index == sample.index && item.input_hash == sample.input_hash;
  });
}

// Samples come in order of task and index.
void add_sample(Run& run, const SampleView& sample) {
  if (run.tasks.empty() || run.tasks.back().task != sample.task)
    run.tasks.push_back({.task = std::string(sample.task), .indices = {}, .inputs = {}, .answers = {}, .scores = {}});
  const std::hash<std::string_view> hash;
  TaskSamples& samples = run.tasks.back();
  samples.indices.push_back(sample.index);
  samples.inputs.push_back(hash(sample.input_hash));
  samples.answers.push_back(hash(sample.output));
  samples.scores.push_back(sample.score);
  if (is_shown(sample, run.record.gallery))
    run.record.samples.push_back({.task = std::string(sample.task),
                                  .index = sample.index,
                                  .input_hash = std::string(sample.input_hash),
                                  .output = std::string(sample.output),
                                  .score = sample.score});
}

double score_scale(const Column& column) {
  return column.unit == "%" ? 100 : 1;
}

const Metric* find_metric(const Run& run, const Column::Source& source) {
  for (const auto& metric : run.record.metrics)
    if (metric.task == source.task && metric.name == source.metric && metric.group == source.group) return &metric;
  return nullptr;
}

bool same_items(const Run& a, const Run& b, const std::string& task) {
  const TaskSamples *of_a = a.find_task(task), *of_b = b.find_task(task);
  return of_a != nullptr && of_b != nullptr && of_a->indices == of_b->indices && of_a->inputs == of_b->inputs;
}

// Some metrics are no mean of their items' scores (pooled cells, corpus-level scores): those have no item scores here.
std::optional<std::vector<double>> item_scores(const Run& run, const Column& column, const Column::Source& source) {
  const TaskSamples* samples = run.find_task(source.task);
  const Metric* metric = find_metric(run, source);
  if (samples == nullptr || metric == nullptr) return std::nullopt;
  std::vector<double> scores;
  for (const double score : samples->scores) scores.push_back(score * score_scale(column));
  const double tolerance = 1e-3 * std::max(1.0, std::abs(metric->value));
  if (!(std::abs(mean(scores) - metric->value) <= tolerance)) return std::nullopt;
  return scores;
}

// A bootstrap of all-right answers would claim certainty; Wilson's interval does not.
Interval wilson_over_tasks(const ScoreTable& averaged, double scale) {
  std::vector<Interval> tasks;
  for (const auto& task : averaged) {
    const Interval share = wilson_interval(mean(task[0]) / scale, static_cast<double>(task[0].size()));
    tasks.push_back({share.centre * scale, share.low * scale, share.high * scale});
  }
  return combine_independent(tasks);
}

ScoreTable average_seeds(const ScoreTable& scores) {
  ScoreTable averaged;
  for (const auto& task : scores) {
    std::vector<double> items(task[0].size(), 0.0);
    for (const auto& seed : task)
      for (size_t i = 0; i < items.size(); ++i) items[i] += seed[i] / static_cast<double>(task.size());
    averaged.push_back({std::move(items)});
  }
  return averaged;
}

Interval interval_from_standard_errors(const Arm& arm, const Column& column) {
  std::vector<double> errors;
  for (const Run* run : arm.runs)
    if (const auto error = column_standard_error(*run, column)) errors.push_back(*error);
  Interval interval = normal_interval(mean(column_values(arm, column)), mean(errors));
  if (column.unit == "%") {
    interval.low = std::max(interval.low, 0.0);
    interval.high = std::min(interval.high, 100.0);
  }
  return interval;
}

}  // namespace

const TaskSamples* Run::find_task(const std::string& task) const {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const TaskSamples& t) { return t.task == task; });
  return found == tasks.end() ? nullptr : &*found;
}

std::vector<Run> load_runs(const Store& store, const std::string& experiment) {
  const SampleReader reader(store.path());
  std::vector<Run> runs;
  for (const auto& summary : store.runs(experiment)) {
    Run& run = runs.emplace_back(Run{summary.id, reader.load_without_samples(summary.id), {}});
    reader.visit_samples(run.id, [&](const SampleView& sample) { add_sample(run, sample); });
  }
  return runs;
}

Run make_run(int64_t id, RunRecord record) {
  auto samples = std::exchange(record.samples, {});
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return std::tie(a.task, a.index) < std::tie(b.task, b.index); });
  Run run{id, std::move(record)};
  for (const auto& sample : samples)
    add_sample(run, {sample.task, sample.index, sample.input_hash, sample.output, sample.score});
  return run;
}

std::map<Origin, std::vector<const Setting*>> by_origin(const std::vector<Setting>& settings) {
  std::map<Origin, std::vector<const Setting*>> origins;
  for (const auto& setting : settings)
    origins[{setting.experiment, setting.model, setting.checkpoint_hash}].push_back(&setting);
  return origins;
}

const Arm* find_arm(const Setting& setting, const std::string& method) {
  const auto num_settings = [](const Arm* arm) {
    return std::count(arm->runs[0]->record.resolved_config.begin(), arm->runs[0]->record.resolved_config.end(), '\n');
  };
  const auto arms = find_arms(setting, method);
  const auto plainest = std::min_element(arms.begin(), arms.end(),
                                         [&](const Arm* a, const Arm* b) { return num_settings(a) < num_settings(b); });
  return plainest == arms.end() ? nullptr : *plainest;
}

std::vector<const Arm*> find_arms(const Setting& setting, const std::string& method) {
  std::vector<const Arm*> arms;
  for (const auto& arm : setting.arms)
    if (arm.method == method) arms.push_back(&arm);
  return arms;
}

std::optional<double> column_value(const Run& run, const Column& column) {
  double sum = 0;
  for (const auto& source : column.sources) {
    const Metric* metric = find_metric(run, source);
    if (metric == nullptr) return std::nullopt;
    sum += metric->value;
  }
  return sum / static_cast<double>(column.sources.size());
}

std::vector<double> column_values(const Arm& arm, const Column& column) {
  std::vector<double> values;
  for (const Run* run : arm.runs)
    if (const auto value = column_value(*run, column)) values.push_back(*value);
  return values;
}

std::optional<double> column_standard_error(const Run& run, const Column& column) {
  double squares = 0;
  for (const auto& source : column.sources) {
    const Metric* metric = find_metric(run, source);
    if (metric == nullptr || !(metric->standard_error > 0)) return std::nullopt;
    squares += metric->standard_error * metric->standard_error;
  }
  return std::sqrt(squares) / static_cast<double>(column.sources.size());
}

std::optional<ScoreTable> column_scores(const std::vector<const Run*>& runs, const Column& column) {
  if (!column.has_samples || runs.empty()) return std::nullopt;
  ScoreTable table;
  for (const auto& source : column.sources) {
    auto& task = table.emplace_back();
    for (const Run* run : runs) {
      auto scores = item_scores(*run, column, source);
      if (!scores || !same_items(*run, *runs[0], source.task)) return std::nullopt;
      task.push_back(std::move(*scores));
    }
  }
  return table;
}

bool right_or_wrong(const ScoreTable& scores, const Column& column) {
  const double right = score_scale(column);
  for (const auto& task : scores)
    for (const auto& seed : task)
      if (!std::all_of(seed.begin(), seed.end(), [&](double s) { return s == 0 || s == right; })) return false;
  return true;
}

std::string subset_mark(const std::vector<const Run*>& runs, const Column& column) {
  std::set<int64_t> counts;
  int64_t population = 0;
  for (const Run* run : runs) {
    if (!column_value(*run, column)) continue;
    int64_t count = 0, all = 0;
    for (const auto& source : column.sources)
      if (const Metric* metric = find_metric(*run, source); metric->population > 0) {
        count += metric->count;
        all += metric->population;
      }
    if (all == 0) continue;
    counts.insert(count);
    population = std::max(population, all);
  }
  if (counts.empty() || *counts.begin() >= population) return "";
  const std::string to = counts.size() > 1 ? fmt::format(" to {}", *counts.rbegin()) : "";
  return fmt::format("{}{} of {} items", *counts.begin(), to, population);
}

Interval item_interval(const Arm& arm, const Column& column) {
  const auto scores = column_scores(arm.runs, column);
  if (!scores) return interval_from_standard_errors(arm, column);
  const ScoreTable averaged = average_seeds(*scores);
  if (right_or_wrong(*scores, column)) return wilson_over_tasks(averaged, score_scale(column));
  return bootstrap_interval(averaged, Random(0, "report items"));
}

}  // namespace freeact
