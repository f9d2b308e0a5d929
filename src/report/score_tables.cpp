// Tables with scores as rows and methods as columns, for what a setting has many of.
#include <algorithm>
#include <utility>

#include "report/format.h"
#include "report/tables.h"
#include "report/value_cells.h"

namespace freeact {
namespace {

std::string standard_error_text(const Arm& arm, const Column& column) {
  std::vector<double> errors;
  for (const Run* run : arm.runs)
    if (const auto error = column_standard_error(*run, column)) errors.push_back(*error);
  return errors.empty() ? "" : "SE " + format_value(mean(errors), column.unit);
}

// `whole` knows of how many items: a subset's metrics do not.
TableCell score_cell(const Setting& setting, const Arm& arm, const Column& column, const Column& whole) {
  TableCell cell = value_cell(arm, column);
  cell.note = standard_error_text(arm, column);
  add_note(cell, item_range(arm, column));
  add_note(cell, own_mark(setting, arm, whole));
  return cell;
}

// The names of a score in front, then a cell for each method.
std::vector<TableCell> score_row(const Setting& setting, const Column& column, const Column& whole,
                                 std::vector<TableCell> names) {
  for (size_t i = 0; i < setting.arms.size(); ++i) {
    names.push_back(score_cell(setting, setting.arms[i], column, whole));
    names.back().bold = is_best(setting, setting.arms[i], column);
  }
  return names;
}

// Of the subset's task; columns.cpp makes no subset without it.
const Column& headline_of(const Setting& setting, const Column& subset) {
  return *std::find_if(setting.columns.begin(), setting.columns.end(),
                       [&](const Column& column) { return column.sources[0].task == subset.sources[0].task; });
}

Table transposed_table(const Setting& setting, std::vector<std::string> columns) {
  Table table;
  table.num_text_columns = static_cast<int>(columns.size());
  table.columns = std::move(columns);
  for (const auto& arm : setting.arms) table.columns.push_back(arm.label);
  return table;
}

}  // namespace

std::optional<Table> score_table(const Setting& setting) {
  if (setting.scores.empty()) return std::nullopt;
  Table table = transposed_table(setting, {"Task, score"});
  table.name = "scores_" + file_stem(setting.title);
  table.title = "All scores, " + setting.title;
  table.caption =
      "Every score of the tasks that have several; the headline is the one in the table above and in the average. SE: "
      "standard error over the test items, mean over seeds; then the 95% interval, Wilson's for a headline of "
      "right-or-wrong answers, else from the standard error.";
  std::string task;
  for (const auto& column : setting.scores) {
    const bool headline = std::exchange(task, column.sources[0].task) != column.sources[0].task;
    const std::string score = column.sources[0].metric + (headline ? ", headline" : "");
    table.rows.push_back(score_row(setting, column, column, {text_cell(column_heading(setting, column), score)}));
  }
  return table;
}

std::optional<Table> subset_table(const Setting& setting) {
  if (setting.subsets.empty()) return std::nullopt;
  Table table = transposed_table(setting, {"Task", "Subset"});
  table.name = "subsets_" + file_stem(setting.title);
  table.title = "By subset, " + setting.title;
  table.caption =
      "The headline score of each subset that its benchmark names. SE: standard error over the subset's items, mean "
      "over "
      "seeds; then the 95% interval from it.";
  for (const auto& column : setting.subsets) {
    const std::string subset = column.sources[0].group.substr(std::string_view("subset=").size());
    const Column& whole = headline_of(setting, column);
    table.rows.push_back(
        score_row(setting, column, whole, {text_cell(column_heading(setting, whole)), text_cell(subset)}));
  }
  return table;
}

}  // namespace freeact
