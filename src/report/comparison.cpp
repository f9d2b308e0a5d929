#include "report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/format.h"

namespace freeact {
namespace {

// What is subtracted: a column's value, or its logarithm.
double compared_value(const Run& run, const Column& column) {
  const double value = *column_value(run, column);
  return column.logarithmic ? std::log(value) : value;
}

// Of the compared value; for a logarithm by the delta method.
std::optional<double> compared_error(const Run& run, const Column& column) {
  const auto error = column_standard_error(run, column);
  return error && column.logarithmic ? *error / *column_value(run, column) : error;
}

// As column_scores(). The score of a segment in a perplexity P is P (1 + nll - ln P) (eval/perplexity.h), which is
// turned back into nll here, whose mean over the segments is ln P.
std::optional<ScoreTable> compared_scores(const std::vector<const Run*>& runs, const Column& column) {
  auto scores = column_scores(runs, column);
  if (!scores || !column.logarithmic) return scores;
  for (auto& task : *scores)
    for (size_t i = 0; i < runs.size(); ++i) {
      const double perplexity = *column_value(*runs[i], column);
      for (double& score : task[i]) score = score / perplexity - 1 + std::log(perplexity);
    }
  return scores;
}

void pair_runs(Comparison& comparison) {
  for (const Run* run : comparison.arm->runs) {
    for (const Run* other : comparison.reference->runs) {
      if (run->record.seed != other->record.seed || !column_value(*run, *comparison.column) ||
          !column_value(*other, *comparison.column))
        continue;
      comparison.runs.push_back(run);
      comparison.runs.push_back(other);
    }
  }
}

std::vector<double> seed_differences(const Comparison& comparison) {
  std::vector<double> differences;
  for (size_t i = 0; i < comparison.runs.size(); i += 2)
    differences.push_back(compared_value(*comparison.runs[i], *comparison.column) -
                          compared_value(*comparison.runs[i + 1], *comparison.column));
  return differences;
}

// scores: [task][run][item] with the runs of both arms in turn.
ScoreTable item_differences(const ScoreTable& scores) {
  ScoreTable differences;
  for (const auto& task : scores) {
    auto& seeds = differences.emplace_back();
    for (size_t i = 0; i < task.size(); i += 2) {
      auto& items = seeds.emplace_back(task[i]);
      for (size_t j = 0; j < items.size(); ++j) items[j] -= task[i + 1][j];
    }
  }
  return differences;
}

// differences: [task][seed][item].
Discordance count_discordance(const ScoreTable& differences) {
  Discordance counts;
  for (const auto& task : differences)
    for (size_t item = 0; item < task[0].size(); ++item) {
      double net = 0;
      for (const auto& seed : task) net += seed[item];
      counts.arm += net > 0 ? 1 : 0;
      counts.reference += net < 0 ? 1 : 0;
    }
  return counts;
}

// As if both had answered different items, which is too wide rather than too narrow.
Interval unpaired_interval(const Comparison& comparison) {
  std::vector<double> variances;
  for (const Run* run : comparison.runs) {
    const auto error = compared_error(*run, *comparison.column);
    if (!error) return {comparison.difference, std::nan(""), std::nan("")};
    variances.push_back(*error * *error);
  }
  return normal_interval(comparison.difference, std::sqrt(2 * mean(variances)));
}

Verdict judge(const Comparison& comparison) {
  if (comparison.runs.empty() || std::isnan(comparison.difference)) return Verdict::kUnknown;
  const bool spread_seen = comparison.by_seed.known() && comparison.by_seed.half_width() > 0;
  if (!comparison.by_item.known() && !spread_seen) return Verdict::kNotSeparable;
  for (const Interval* interval : {&comparison.by_seed, &comparison.by_item})
    if (interval->known() && !interval->excludes_zero()) return Verdict::kNotSeparable;
  return comparison.difference > 0 ? Verdict::kHigher : Verdict::kLower;
}

}  // namespace

Comparison compare(const Arm& arm, const Arm& reference, const Column& column) {
  Comparison comparison{
      .arm = &arm, .reference = &reference, .column = &column, .runs = {}, .by_seed = {}, .by_item = {}};
  pair_runs(comparison);
  const auto differences = seed_differences(comparison);
  comparison.difference = mean(differences);
  comparison.by_seed = t_interval(differences);
  const auto scores = compared_scores(comparison.runs, column);
  comparison.paired_items = scores.has_value();
  if (scores) {
    const ScoreTable by_item = item_differences(*scores);
    comparison.by_item = bootstrap_interval(by_item, Random(0, "report differences"));
    if (column.unit == "%" && right_or_wrong(*scores, column)) {
      comparison.discordance = count_discordance(by_item);
      comparison.p_value = mcnemar_p_value(comparison.discordance->arm, comparison.discordance->reference);
    }
  } else {
    comparison.by_item = unpaired_interval(comparison);
  }
  comparison.verdict = judge(comparison);
  return comparison;
}

void adjust_p_values(std::vector<Comparison>& family) {
  std::vector<double> p_values;
  for (const auto& comparison : family) p_values.push_back(comparison.p_value);
  const auto adjusted = holm_adjusted(p_values);
  for (size_t i = 0; i < family.size(); ++i) family[i].adjusted_p_value = adjusted[i];
}

std::string metric_text(const Comparison& comparison) {
  return comparison.column->heading + (comparison.column->logarithmic ? ", log perplexity" : "");
}

std::string difference_text(const Comparison& comparison) {
  return fmt::format("{} {}", format_difference(comparison.difference, comparison.unit()),
                     difference_unit(comparison.unit()));
}

std::string ratio_text(const Comparison& comparison) {
  return fmt::format("× {:.3f}", std::exp(comparison.difference));
}

std::string p_value_text(double p_value) {
  return p_value < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p_value);
}

std::string verdict_text(const Comparison& comparison) {
  if (comparison.runs.empty()) return "no common seed";
  if (comparison.verdict == Verdict::kUnknown) return "not a number";
  if (comparison.verdict == Verdict::kNotSeparable) return "not separable";
  std::string text = comparison.verdict == Verdict::kHigher ? "higher" : "lower";
  text += comparison.worse() ? " (worse" : " (better";
  return text + (comparison.num_seeds() == 1 ? "; one seed)" : ")");
}

const Column* accuracy_column(const Setting& setting) {
  const Column* found = nullptr;
  for (const auto& column : setting.columns)
    if (column.unit == "%" && column.higher_is_better && (found == nullptr || column.sources.size() > 1))
      found = &column;
  return found;
}

bool is_summary(const Setting& setting, const Column& column) {
  return &column == accuracy_column(setting) || column.heading == "NLL" || column.logarithmic;
}

}  // namespace freeact
