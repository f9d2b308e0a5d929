#include "report/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/clipping.h"
#include "report/format.h"
#include "report/value_cells.h"
#include "util/hash.h"
#include "util/progress.h"

namespace freeact {
namespace {

std::string config_hash(const RunRecord& run) {
  return sha256(run.resolved_config).substr(0, 8);
}

// With a mark of its own where the column's heading has none for all.
TableCell marked_cell(const Setting& setting, const Arm& arm, const Column& column) {
  TableCell cell = value_cell(arm, column);
  add_note(cell, own_mark(setting, arm, column));
  return cell;
}

TableCell clipping_cell(const Arm& arm) {
  const std::string policy = clipping_policy(arm.runs[0]->record);
  return policy.empty() ? missing_cell("nothing is quantised, or the configuration does not say") : text_cell(policy);
}

Table value_table(const Setting& setting, const std::vector<Column>& columns) {
  Table table;
  table.columns = {"Method", "Clipping W / A", "Seeds"};
  table.num_text_columns = 2;
  for (const auto& arm : setting.arms)
    table.rows.push_back({text_cell(arm.label), clipping_cell(arm), text_cell(std::to_string(arm.runs.size()))});
  for (const auto& column : columns) {
    table.columns.push_back(column_heading(setting, column));
    for (size_t i = 0; i < setting.arms.size(); ++i) {
      table.rows[i].push_back(marked_cell(setting, setting.arms[i], column));
      table.rows[i].back().bold = is_best(setting, setting.arms[i], column);
    }
  }
  return table;
}

void add_runs_column(Table& table, const Setting& setting) {
  table.columns.emplace_back("Runs");
  for (size_t i = 0; i < setting.arms.size(); ++i) table.rows[i].push_back(runs_cell(setting.arms[i].runs));
}

// What share of the 16-bit model's accuracy is left. Does nothing without that model or an accuracy.
void add_recovered(Table& table, const Setting& setting) {
  const Column* accuracy = accuracy_column(setting);
  const Arm* reference = find_arm(setting, "none");
  if (accuracy == nullptr || reference == nullptr || setting.arms.size() < 2) return;
  const double whole = mean(column_values(*reference, *accuracy));
  if (!(whole > 0)) return;
  table.columns.push_back(fmt::format("{} recovered [%]", accuracy->heading));
  for (size_t i = 0; i < setting.arms.size(); ++i) {
    const double value = mean(column_values(setting.arms[i], *accuracy));
    table.rows[i].push_back(std::isnan(value) ? missing_cell("not measured")
                                              : text_cell(format_value(100 * value / whole, "%")));
  }
  table.caption += " Recovered: the mean in per cent of the 16-bit model's.";
}

// How the average is made, in words; "" without one.
std::string average_formula(const Setting& setting) {
  const Column* average = accuracy_column(setting);
  if (average == nullptr || average->sources.size() < 2) return "";
  std::vector<std::string> tasks;
  for (const auto& source : average->sources) tasks.push_back(source.task);
  return fmt::format(" {}: the unweighted mean of the percentages of {}.", average->heading, fmt::join(tasks, ", "));
}

}  // namespace

Table main_table(const Setting& setting, const std::vector<PublishedScore>& published) {
  Table table = value_table(setting, setting.columns);
  table.name = "main_" + file_stem(setting.title);
  table.title = "Accuracy and likelihood, " + setting.title;
  table.caption =
      "Mean over seeds ± half width of its 95% t interval; bold: best mean of the quantised models, where they differ. "
      "Second line: 95% "
      "interval for the choice of test items (Wilson's for right-or-wrong answers, else from a bootstrap or standard "
      "errors); it holds for deterministic methods too, whose seeds all agree.";
  table.caption += average_formula(setting);
  if (!setting.scores.empty()) table.caption += " Of a task with several scores this is the headline; see All scores.";
  add_published_average(table, setting, published);
  add_recovered(table, setting);
  add_runs_column(table, setting);
  return table;
}

std::optional<Table> group_table(const Setting& setting) {
  if (setting.groups.empty()) return std::nullopt;
  Table table = value_table(setting, setting.groups);
  table.name = "groups_" + file_stem(setting.title);
  table.title = "By part of the test, " + setting.title;
  table.caption = "As above, for each part of the tests by itself, mean over tasks; single tasks are in results.csv.";
  add_runs_column(table, setting);
  return table;
}

std::optional<Table> cost_table(const Setting& setting) {
  const auto size_of = [](const Arm& arm) { return arm.runs[0]->record.model_bytes.value_or(0); };
  if (std::ranges::none_of(setting.arms, size_of)) return std::nullopt;
  Table table{.name = "cost_" + file_stem(setting.title),
              .title = "Size and calibration, " + setting.title,
              .caption =
                  "Size: weights, scales and transforms, integers packed and all other numbers in 16 bits, in "
                  "millions of bytes. Calibration: mean over the runs.",
              .columns = {"Method", "Size [MB]", "Of 16-bit", "Calibration"},
              .rows = {}};
  const Arm* reference = find_arm(setting, "none");
  const int64_t whole = reference == nullptr ? 0 : size_of(*reference);
  for (const auto& arm : setting.arms) {
    const int64_t size = size_of(arm);
    std::vector<double> seconds;
    for (const Run* run : arm.runs) seconds.push_back(run->record.calibration_s);
    const std::string share = fmt::format("{:.3f}", static_cast<double>(size) / static_cast<double>(whole));
    const TableCell missing = missing_cell("not recorded, or a saved model has no place for it");
    table.rows.push_back(
        {text_cell(arm.label), size > 0 ? text_cell(format_megabytes(size)) : missing,
         size > 0 && whole > 0 ? text_cell(share) : missing,
         arm.method == "none" ? missing_cell("nothing to calibrate") : text_cell(format_duration(mean(seconds)))});
  }
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
  for (const auto& [id, run, tasks] : runs) {
    TableCell number = text_cell(std::to_string(id));
    number.anchor = run_anchor(id);
    TableCell key = text_cell(run.key.substr(0, 12));
    key.tooltip = run.key;
    TableCell config = text_cell(config_hash(run));
    config.tooltip = run.resolved_config;
    table.rows.push_back({number, key, text_cell(run.experiment), text_cell(run.model),
                          text_cell(method_label(run.method)), text_cell(run.bits), config,
                          text_cell(run.source_version), text_cell(run.started_at), text_cell(std::to_string(run.seed)),
                          text_cell(format_duration(run.calibration_s)), text_cell(format_duration(run.evaluation_s))});
  }
  return table;
}

std::string configurations(const std::vector<Run>& runs) {
  std::map<std::string, std::vector<const Run*>> by_text;
  for (const auto& run : runs) by_text[run.record.resolved_config].push_back(&run);
  std::string text;
  for (const auto& [config, members] : by_text)
    text += fmt::format("# {}: {}\n{}\n", config_hash(members[0]->record), runs_text(members), config);
  return text;
}

}  // namespace freeact
