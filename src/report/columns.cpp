#include "report/columns.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace freeact {
namespace {

constexpr const char* kGuess = "blind_guess";

bool is_subset(const Metric& metric) {
  return metric.group.starts_with("subset=");
}

// Of a whole task, and says something of the model that is no likelihood.
bool is_score(const Metric& metric) {
  return metric.group.empty() && metric.name != "nll" && metric.name != kGuess;
}

// All metrics of a setting, each once, in order of appearance.
std::vector<const Metric*> all_metrics(const Setting& setting) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  std::vector<const Metric*> metrics;
  for (const auto& arm : setting.arms)
    for (const Run* run : arm.runs)
      for (const auto& metric : run->record.metrics)
        if (seen.insert({metric.task, metric.name, metric.group}).second) metrics.push_back(&metric);
  return metrics;
}

Column single_column(const Metric& metric, std::string heading, bool has_samples) {
  return {.heading = std::move(heading),
          .unit = metric.unit,
          .higher_is_better = metric.higher_is_better,
          .has_samples = has_samples,
          .logarithmic = metric.name == "perplexity",
          .sources = {{metric.task, metric.name, metric.group}}};
}

// Exact match where a task has it, else its first score.
std::vector<const Metric*> main_metrics(const std::vector<const Metric*>& metrics) {
  std::vector<const Metric*> mains;
  for (const Metric* metric : metrics) {
    if (!is_score(*metric)) continue;
    const auto found =
        std::find_if(mains.begin(), mains.end(), [&](const Metric* m) { return m->task == metric->task; });
    if (found == mains.end())
      mains.push_back(metric);
    else if (metric->name == "exact_match")
      *found = metric;
  }
  return mains;
}

void add_average(std::vector<Column>& columns, const std::vector<const Metric*>& mains) {
  Column average{.heading = "Average exact match", .unit = "%", .has_samples = true, .sources = {}};
  for (const Metric* metric : mains) {
    if (metric->unit != "%" || !metric->higher_is_better) continue;
    average.sources.push_back({metric->task, metric->name, metric->group});
    if (metric->name != "exact_match") average.heading = "Average accuracy";
  }
  if (average.sources.size() > 1) columns.push_back(std::move(average));
}

// The whole-task likelihoods, or, for a task that has only parts, the mean of these.
void add_likelihood(std::vector<Column>& columns, const std::vector<const Metric*>& metrics) {
  Column likelihood{.heading = "NLL", .unit = "nats", .higher_is_better = false, .sources = {}};
  std::set<std::string> whole;
  for (const Metric* metric : metrics)
    if (metric->name == "nll" && metric->group.empty()) whole.insert(metric->task);
  for (const Metric* metric : metrics) {
    if (metric->name != "nll" || metric->group.empty() != whole.contains(metric->task)) continue;
    likelihood.unit = metric->unit;
    likelihood.sources.push_back({metric->task, metric->name, metric->group});
  }
  if (!likelihood.sources.empty()) columns.push_back(std::move(likelihood));
}

// All whole-task scores of the tasks that have several, the headline first and as in its own column.
void add_scores(std::vector<Column>& scores, const std::vector<const Metric*>& metrics,
                const std::vector<const Metric*>& mains) {
  for (const Metric* main : mains) {
    std::vector<Column> of_task = {single_column(*main, main->task, true)};
    for (const Metric* metric : metrics)
      if (metric->task == main->task && metric != main && is_score(*metric))
        of_task.push_back(single_column(*metric, metric->task, false));
    if (of_task.size() > 1) scores.insert(scores.end(), of_task.begin(), of_task.end());
  }
}

// The headline of every subset of a benchmark, such as a school subject. Subsets of tasks have nothing in common.
void add_subsets(std::vector<Column>& subsets, const std::vector<const Metric*>& metrics,
                 const std::vector<const Metric*>& mains) {
  for (const Metric* main : mains)
    for (const Metric* metric : metrics)
      if (metric->task == main->task && metric->name == main->name && is_subset(*metric))
        subsets.push_back(single_column(*metric, metric->task, false));
}

// The same part of every task, in one column.
void add_groups(std::vector<Column>& groups, const std::vector<const Metric*>& metrics) {
  for (const Metric* metric : metrics) {
    if (metric->group.empty() || is_subset(*metric)) continue;
    const std::string heading = (metric->name == "nll" ? "NLL" : metric->name) + ", " + metric->group;
    const auto found =
        std::find_if(groups.begin(), groups.end(), [&](const Column& c) { return c.heading == heading; });
    if (found == groups.end())
      groups.push_back(single_column(*metric, heading, false));
    else
      found->sources.push_back({metric->task, metric->name, metric->group});
  }
}

// Beside every column of which all tasks have a guess, or the mean of theirs.
void add_guesses(std::vector<Column>& columns, const std::vector<const Metric*>& metrics) {
  std::map<std::string, double> guesses;
  for (const Metric* metric : metrics)
    if (metric->name == kGuess && metric->group.empty()) guesses.emplace(metric->task, metric->value);
  for (auto& column : columns) {
    std::vector<double> known;
    for (const auto& source : column.sources)
      if (const auto guess = guesses.find(source.task); guess != guesses.end()) known.push_back(guess->second);
    if (column.unit == "%" && known.size() == column.sources.size()) column.guess = mean(known);
  }
}

}  // namespace

void add_columns(Setting& setting) {
  const auto metrics = all_metrics(setting);
  const auto mains = main_metrics(metrics);
  for (const Metric* metric : mains) setting.columns.push_back(single_column(*metric, metric->task, true));
  add_average(setting.columns, mains);
  add_likelihood(setting.columns, metrics);
  add_guesses(setting.columns, metrics);
  add_groups(setting.groups, metrics);
  add_scores(setting.scores, metrics, mains);
  add_subsets(setting.subsets, metrics, mains);
}

}  // namespace freeact
