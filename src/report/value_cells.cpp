#include "report/value_cells.h"

#include <fmt/format.h>

#include <set>

#include "report/format.h"
#include "report/render.h"

namespace freeact {
namespace {

std::vector<int64_t> ids_of(const std::vector<const Run*>& runs) {
  std::vector<int64_t> ids;
  for (const Run* run : runs) ids.push_back(run->id);
  return ids;
}

std::string tooltip_of(const Arm& arm, const Column& column) {
  std::string text = runs_text(arm.runs) + "; per seed:";
  for (const Run* run : arm.runs)
    if (const auto value = column_value(*run, column))
      text += fmt::format(" {}: {}", run->record.seed, format_value(*value, column.unit));
  return text;
}

}  // namespace

TableCell missing_cell(std::string why) {
  TableCell cell = text_cell(std::string(kMissing));
  cell.tooltip = std::move(why);
  return cell;
}

TableCell runs_cell(const std::vector<const Run*>& runs) {
  TableCell cell;
  cell.runs = ids_of(runs);
  return cell;
}

std::string runs_text(const std::vector<const Run*>& runs) {
  return fmt::format("{} {}", runs.size() == 1 ? "run" : "runs", join_runs(ids_of(runs)));
}

void add_note(TableCell& cell, const std::string& note) {
  if (!note.empty()) cell.note += (cell.note.empty() ? "" : "; ") + note;
}

std::string item_range(const Arm& arm, const Column& column) {
  const Interval items = item_interval(arm, column);
  return items.known() ? format_range(items, column.unit) : "";
}

std::string column_heading(const Setting& setting, const Column& column) {
  const std::string guess =
      column.guess ? fmt::format(" (blind guess {})", format_value(*column.guess, column.unit)) : "";
  const std::string mark = common_mark(setting, column);
  const std::string unit = column.unit.empty() ? "" : fmt::format(" [{}]", column.unit);
  return fmt::format("{}{} {}{}{}", column.heading, unit, column.higher_is_better ? "↑" : "↓", guess,
                     mark.empty() ? "" : " (" + mark + ")");
}

TableCell value_cell(const Arm& arm, const Column& column) {
  const auto values = column_values(arm, column);
  if (values.empty()) return missing_cell("not measured by " + runs_text(arm.runs));
  const Interval interval = t_interval(values);
  TableCell cell = text_cell(format_value(interval.centre, column.unit));
  if (interval.known()) cell.text += " ± " + format_value(interval.half_width(), column.unit);
  if (const std::string items = item_range(arm, column); !items.empty()) cell.note = "items " + items;
  if (values.size() < arm.runs.size()) cell.note += fmt::format(" ({} of {} seeds)", values.size(), arm.runs.size());
  cell.tooltip = tooltip_of(arm, column);
  return cell;
}

bool is_best(const Setting& setting, const Arm& arm, const Column& column) {
  const auto goodness = [&](const Arm& any) {
    return mean(column_values(any, column)) * (column.higher_is_better ? 1 : -1);
  };
  bool beats_one = false;
  for (const Arm& other : setting.arms) {
    if (other.method == "none") continue;
    if (goodness(other) > goodness(arm)) return false;
    beats_one |= goodness(arm) > goodness(other);
  }
  return beats_one && arm.method != "none";
}

std::string common_mark(const Setting& setting, const Column& column) {
  std::set<std::string> marks;
  for (const auto& arm : setting.arms)
    if (!column_values(arm, column).empty()) marks.insert(subset_mark(arm.runs, column));
  return marks.size() == 1 ? *marks.begin() : "";
}

std::string own_mark(const Setting& setting, const Arm& arm, const Column& column) {
  return common_mark(setting, column).empty() ? subset_mark(arm.runs, column) : "";
}

}  // namespace freeact
