#include "report/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <tuple>

#include "report/format.h"

namespace freeact {
namespace {

using Samples = std::vector<Sample>;

bool is_shown(const Sample& sample, const std::vector<GalleryItem>& gallery) {
  return std::any_of(gallery.begin(), gallery.end(), [&](const GalleryItem& item) {
    return item.task == sample.task && item.index == sample.index && item.input_hash == sample.input_hash;
  });
}

double score_scale(const Column& column) {
  return column.unit == "%" ? 100 : 1;
}

const Metric* find_metric(const Run& run, const Column::Source& source) {
  for (const auto& metric : run.record.metrics)
    if (metric.task == source.task && metric.name == source.metric && metric.group == source.group) return &metric;
  return nullptr;
}

std::pair<Samples::const_iterator, Samples::const_iterator> samples_of(const Run& run, const std::string& task) {
  const auto& samples = run.record.samples;
  const auto begin =
      std::partition_point(samples.begin(), samples.end(), [&](const Sample& s) { return s.task < task; });
  return {begin, std::partition_point(begin, samples.end(), [&](const Sample& s) { return s.task == task; })};
}

bool same_items(const Run& a, const Run& b, const std::string& task) {
  const auto [begin_a, end_a] = samples_of(a, task);
  const auto [begin_b, end_b] = samples_of(b, task);
  return std::equal(begin_a, end_a, begin_b, end_b, [](const Sample& x, const Sample& y) {
    return x.index == y.index && x.input_hash == y.input_hash;
  });
}

// Some metrics are no mean of their items' scores (pooled cells, corpus-level scores): those have no item scores here.
std::optional<std::vector<double>> item_scores(const Run& run, const Column& column, const Column::Source& source) {
  const auto [begin, end] = samples_of(run, source.task);
  const Metric* metric = find_metric(run, source);
  if (begin == end || metric == nullptr) return std::nullopt;
  std::vector<double> scores;
  for (auto sample = begin; sample != end; ++sample) scores.push_back(sample->score * score_scale(column));
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
  return normal_interval(mean(column_values(arm, column)), mean(errors));
}

}  // namespace

std::vector<Run> load_runs(const Store& store, const std::string& experiment) {
  std::vector<Run> runs;
  for (const auto& summary : store.runs(experiment)) {
    Run run{summary.id, store.load(summary.id)};
    std::sort(run.record.samples.begin(), run.record.samples.end(),
              [](const Sample& a, const Sample& b) { return std::tie(a.task, a.index) < std::tie(b.task, b.index); });
    for (auto& sample : run.record.samples) {
      run.answers.push_back(std::hash<std::string>()(sample.output));
      sample.details.reset();
      if (!is_shown(sample, run.record.gallery)) sample.output.clear();
    }
    runs.push_back(std::move(run));
  }
  return runs;
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
