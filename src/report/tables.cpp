#include "report/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "report/clipping.h"
#include "report/format.h"
#include "report/render.h"
#include "util/hash.h"
#include "util/progress.h"

namespace freeact {
namespace {

constexpr const char* kReferenceMethod = "flatquant";
constexpr const char* kOwnMethod = "freeact";

TableCell missing_cell(std::string why) {
  TableCell cell = text_cell(std::string(kMissing));
  cell.tooltip = std::move(why);
  return cell;
}

std::vector<int64_t> ids_of(const std::vector<const Run*>& runs) {
  std::vector<int64_t> ids;
  for (const Run* run : runs) ids.push_back(run->id);
  return ids;
}

TableCell runs_cell(const std::vector<const Run*>& runs) {
  TableCell cell;
  cell.runs = ids_of(runs);
  return cell;
}

std::string runs_text(const std::vector<const Run*>& runs) {
  return fmt::format("{} {}", runs.size() == 1 ? "run" : "runs", join_runs(ids_of(runs)));
}

std::string tooltip_of(const Arm& arm, const Column& column) {
  std::string text = runs_text(arm.runs) + "; per seed:";
  for (const Run* run : arm.runs)
    if (const auto value = column_value(*run, column))
      text += fmt::format(" {}: {}", run->record.seed, format_value(*value, column.unit));
  return text;
}

TableCell value_cell(const Arm& arm, const Column& column) {
  const auto values = column_values(arm, column);
  if (values.empty()) return missing_cell("not measured by " + runs_text(arm.runs));
  const Interval interval = t_interval(values);
  TableCell cell = text_cell(format_value(interval.centre, column.unit));
  if (interval.known()) cell.text += " ± " + format_value(interval.half_width(), column.unit);
  if (const Interval items = item_interval(arm, column); items.known())
    cell.note = "items " + format_range(items, column.unit);
  if (values.size() < arm.runs.size()) cell.note += fmt::format(" ({} of {} seeds)", values.size(), arm.runs.size());
  cell.tooltip = tooltip_of(arm, column);
  return cell;
}

TableCell clipping_cell(const Arm& arm) {
  const std::string policy = clipping_policy(arm.runs[0]->record);
  return policy.empty() ? missing_cell("nothing is quantised, or the configuration does not say") : text_cell(policy);
}

// The row of the best mean among quantised arms, or -1.
int best_row(const Setting& setting, const Column& column) {
  int best = -1;
  double best_value = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < setting.arms.size(); ++i) {
    const double value = mean(column_values(setting.arms[i], column)) * (column.higher_is_better ? 1 : -1);
    if (setting.arms[i].method == "none" || !(value > best_value)) continue;
    best = static_cast<int>(i);
    best_value = value;
  }
  return best;
}

std::string column_heading(const Column& column) {
  const std::string guess =
      column.guess ? fmt::format(" (blind guess {})", format_value(*column.guess, column.unit)) : "";
  return fmt::format("{} [{}] {}{}", column.heading, column.unit, column.higher_is_better ? "↑" : "↓", guess);
}

Table value_table(const Setting& setting, const std::vector<Column>& columns) {
  Table table;
  table.columns = {"Method", "Clipping W / A", "Seeds"};
  table.num_text_columns = 2;
  for (const auto& arm : setting.arms)
    table.rows.push_back({text_cell(arm.label), clipping_cell(arm), text_cell(std::to_string(arm.runs.size()))});
  for (const auto& column : columns) {
    table.columns.push_back(column_heading(column));
    for (size_t i = 0; i < setting.arms.size(); ++i) {
      table.rows[i].push_back(value_cell(setting.arms[i], column));
      table.rows[i].back().bold = static_cast<int>(i) == best_row(setting, column);
    }
  }
  table.columns.push_back("Runs");
  for (size_t i = 0; i < setting.arms.size(); ++i) table.rows[i].push_back(runs_cell(setting.arms[i].runs));
  return table;
}

std::string interval_text(const Interval& interval, const Comparison& comparison) {
  return interval.known() ? format_range(interval, comparison.unit(), true) : std::string(kMissing);
}

std::vector<TableCell> difference_row(const Comparison& comparison) {
  TableCell name = text_cell(fmt::format("{} − {}", comparison.arm->label, comparison.reference->label));
  name.bold = comparison.arm->method == kOwnMethod;
  const TableCell metric = text_cell(metric_text(comparison));
  if (comparison.runs.empty())
    return {name,
            metric,
            missing_cell("no seed in common"),
            text_cell("0"),
            missing_cell(""),
            missing_cell(""),
            text_cell(verdict_text(comparison)),
            text_cell("")};
  TableCell difference = text_cell(difference_text(comparison));
  if (comparison.column->logarithmic) difference.note = ratio_text(comparison);
  difference.tooltip = runs_text(comparison.runs);
  TableCell items = text_cell(interval_text(comparison.by_item, comparison));
  if (comparison.by_item.known()) items.note = comparison.paired_items ? "paired bootstrap" : "standard errors";
  TableCell verdict = text_cell(verdict_text(comparison));
  verdict.alarm = comparison.worse() && comparison.arm->method == kOwnMethod;
  return {name,
          metric,
          difference,
          text_cell(std::to_string(comparison.num_seeds())),
          text_cell(interval_text(comparison.by_seed, comparison)),
          items,
          verdict,
          runs_cell(comparison.runs)};
}

// Empty where nothing was measured.
std::string optional_text(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "";
}

}  // namespace

Table main_table(const Setting& setting) {
  Table table = value_table(setting, setting.columns);
  table.name = "main_" + file_stem(setting.title);
  table.title = "Accuracy and likelihood, " + setting.title;
  table.caption =
      "Mean over seeds ± half width of its 95% t interval; bold: best mean of the quantised models. Second line: 95% "
      "interval for the choice of test items (Wilson's for right-or-wrong answers, else from a bootstrap or standard "
      "errors); it holds for deterministic methods too, whose seeds all agree.";
  return table;
}

std::optional<Table> group_table(const Setting& setting) {
  if (setting.groups.empty()) return std::nullopt;
  Table table = value_table(setting, setting.groups);
  table.name = "groups_" + file_stem(setting.title);
  table.title = "By part of the test, " + setting.title;
  table.caption = "As above, for each part of the tests by itself, mean over tasks; single tasks are in results.csv.";
  return table;
}

std::vector<Comparison> comparisons(const Setting& setting) {
  std::vector<Comparison> all;
  const Arm* reference = find_arm(setting, kReferenceMethod);
  if (reference == nullptr) return all;
  const auto add = [&](const Arm& arm, bool every_column) {
    for (const auto& column : setting.columns)
      if (every_column || is_summary(setting, column)) all.push_back(compare(arm, *reference, column));
  };
  for (const Arm* own : find_arms(setting, kOwnMethod)) add(*own, true);  // FreeAct first: it is the question
  for (const auto& arm : setting.arms)
    if (arm.method != kOwnMethod && &arm != reference) add(arm, false);
  return all;
}

Table difference_table(const Setting& setting, const std::vector<Comparison>& comparisons) {
  Table table{
      .name = "differences_" + file_stem(setting.title),
      .title = "Paired differences, " + setting.title,
      .caption =
          "Positive: more than the reference; for NLL and perplexity that is worse. Perplexities are compared by their "
          "logarithms, segment by segment; × is their ratio. Over seeds: Student's t on the differences of equal "
          "seeds. Over items: bootstrap over seeds and test items at once, both methods on the same ones. A difference "
          "counts as separable only when both 95% intervals exclude zero; intervals are not corrected for the number "
          "of comparisons.",
      .columns = {"Difference of", "Metric", "Mean", "Seeds", "95% over seeds", "95% over items", "Verdict", "Runs"},
      .rows = {},
      .num_text_columns = 2};
  for (const auto& comparison : comparisons) table.rows.push_back(difference_row(comparison));
  return table;
}

Table run_table(const std::vector<Run>& runs) {
  Table table{.name = "runs",
              .title = "Runs",
              .caption = "'freeact show RUN' prints a run's configuration, rows and worst layers.",
              .columns = {"Run", "Key", "Experiment", "Model", "Method", "Bits", "Configuration", "Version", "Started",
                          "Seed", "Calibration", "Evaluation"},
              .rows = {},
              .num_text_columns = 9};
  for (const auto& [id, run, answers] : runs) {
    TableCell number = text_cell(std::to_string(id));
    number.anchor = run_anchor(id);
    TableCell key = text_cell(run.key.substr(0, 12));
    key.tooltip = run.key;
    TableCell config = text_cell(sha256(run.resolved_config).substr(0, 8));
    config.tooltip = run.resolved_config;
    table.rows.push_back({number, key, text_cell(run.experiment), text_cell(run.model),
                          text_cell(method_label(run.method)), text_cell(run.bits), config,
                          text_cell(run.source_version), text_cell(run.started_at), text_cell(std::to_string(run.seed)),
                          text_cell(format_duration(run.calibration_s)), text_cell(format_duration(run.evaluation_s))});
  }
  return table;
}

Table metric_rows(const std::vector<Run>& runs) {
  Table table;
  table.columns = {"run",    "key",   "experiment",     "model", "checkpoint_hash",  "source_version",
                   "method", "bits",  "seed",           "task",  "task_version",     "metric",
                   "group",  "value", "standard_error", "count", "higher_is_better", "unit"};
  for (const auto& [id, run, answers] : runs) {
    for (const auto& metric : run.metrics) {
      add_text_row(
          table, {std::to_string(id), run.key, run.experiment, run.model, run.checkpoint_hash, run.source_version,
                  run.method, run.bits, std::to_string(run.seed), metric.task, std::to_string(metric.task_version),
                  metric.name, metric.group, fmt::format("{}", metric.value), fmt::format("{}", metric.standard_error),
                  std::to_string(metric.count), std::string(metric.higher_is_better ? "true" : "false"), metric.unit});
    }
  }
  return table;
}

Table layer_rows(const std::vector<Run>& runs) {
  Table table;
  table.columns = {"run",   "key",  "experiment", "model",          "method", "bits",       "seed",
                   "layer", "site", "token_type", "relative_error", "tokens", "truncation", "activation_only"};
  for (const auto& [id, run, answers] : runs) {
    for (const auto& error : run.layer_errors) {
      add_text_row(table, {std::to_string(id), run.key, run.experiment, run.model, run.method, run.bits,
                           std::to_string(run.seed), std::to_string(error.layer), error.site, error.token_type,
                           fmt::format("{}", error.relative_error), std::to_string(error.tokens),
                           optional_text(error.truncation), optional_text(error.activation_only)});
    }
  }
  return table;
}

Table activation_rows(const std::vector<Run>& runs) {
  Table table;
  table.columns = {"run",        "key",        "experiment",    "model", "seed",           "layer",
                   "site",       "token_type", "tokens",        "width", "effective_rank", "dims_99",
                   "mean_share", "absmax",     "channel_ratio", "crest", "kurtosis"};
  for (const auto& [id, run, answers] : runs) {
    for (const auto& a : run.activations) {
      add_text_row(
          table,
          {std::to_string(id), run.key, run.experiment, run.model, std::to_string(run.seed), std::to_string(a.layer),
           a.site, a.token_type, std::to_string(a.tokens), std::to_string(a.width), fmt::format("{}", a.effective_rank),
           std::to_string(a.dims_99), fmt::format("{}", a.mean_share), fmt::format("{}", a.absmax),
           fmt::format("{}", a.channel_ratio), fmt::format("{}", a.crest), fmt::format("{}", a.kurtosis)});
    }
  }
  return table;
}

}  // namespace freeact
