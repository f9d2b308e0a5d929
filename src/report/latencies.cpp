#include "report/latencies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <set>

#include "report/format.h"

namespace freeact {
namespace {

std::string time_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.1f} µs", 1e6 * seconds);
  return seconds < 1 ? fmt::format("{:.2f} ms", 1e3 * seconds) : fmt::format("{:.2f} s", seconds);
}

// Floats on the integer grid: what they cost in accuracy is real, their time is that of no integer.
bool is_simulated(const LatencyRow& row) {
  return row.backend.starts_with("simulated");
}

std::string origin(const LatencyRow& row) {
  std::string text =
      fmt::format("{}, version {}, {}; {}", row.measured_at, row.source_version, row.cpu_clock, row.machine);
  if (!std::isnan(row.peak_memory_mib)) text += fmt::format("; memory at its peak {:.0f} MiB", row.peak_memory_mib);
  return row.note.empty() ? text : text + "; " + row.note;
}

TableCell name_cell(const LatencyRow& row) {
  TableCell cell = text_cell(row.name);
  cell.tooltip = origin(row);
  return cell;
}

TableCell name_and_baseline_cell(const LatencyRow& row) {
  TableCell cell = name_cell(row);
  if (row.name != row.baseline) cell.note = "against " + row.baseline;
  return cell;
}

TableCell backend_cell(const LatencyRow& row) {
  std::string note = row.clock + " time";
  if (!row.instruction_set.empty()) note = row.instruction_set + ", " + note;
  return text_cell(row.backend, note);
}

TableCell time_cell(const LatencyRow& row) {
  std::string note = fmt::format("{} to {}, {}", time_text(row.p10_s), time_text(row.p90_s),
                                 count_of(static_cast<size_t>(row.count), "round"));
  if (row.dropped > 0) note += fmt::format(", {} left out", row.dropped);
  return text_cell(time_text(row.median_s) + " per " + row.unit, note);
}

TableCell ratio_cell(const LatencyRow& row) {
  if (row.name == row.baseline) return text_cell("1", "baseline");
  if (is_simulated(row)) return text_cell(std::string(kMissing), "simulated: no speed");
  return text_cell(fmt::format("{:.2f}", row.ratio), fmt::format("{:.2f} to {:.2f}", row.ratio_low, row.ratio_high));
}

std::vector<TableCell> latency_row(const LatencyRow& row) {
  TableCell ceiling = text_cell(std::string(kMissing)), accuracy = ceiling;
  if (!row.ceiling.empty()) ceiling = text_cell(format_value(100 * row.ceiling_fraction, "%"), "of " + row.ceiling);
  if (!std::isnan(row.accuracy)) accuracy = text_cell(format_value(row.accuracy, "%"), row.accuracy_kind);
  return {name_and_baseline_cell(row), backend_cell(row), time_cell(row), ratio_cell(row), ceiling, accuracy};
}

// A number of an opponent's line; NaN where there is none.
double number(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : std::nan("");
}

std::string reached_text(const std::string& reached) {
  if (reached == "aim" || reached == "floor") return reached + " reached";
  return reached == "below" ? "missed" : reached;
}

std::vector<TableCell> opponent_row(const LatencyRow& row, const Json& line) {
  TableCell target = text_cell(std::string(kMissing));
  if (!std::isnan(number(line, "floor")))
    target = text_cell(fmt::format("{:.3g}", number(line, "floor")), fmt::format("aim {:.3g}", number(line, "aim")));
  const std::string reached = line.value("reached", "");
  TableCell verdict = text_cell(reached_text(reached));
  verdict.alarm = reached == "below";
  TableCell ratio = text_cell(fmt::format("{:.2f}", number(line, "ratio")),
                              fmt::format("{:.2f} to {:.2f}", number(line, "ratio_low"), number(line, "ratio_high")));
  return {text_cell(row.goal.empty() ? std::string(kMissing) : row.goal),
          name_cell(row),
          backend_cell(row),
          text_cell(line.value("opponent", ""), line.value("name", "")),
          ratio,
          target,
          verdict};
}

std::string machines(const std::vector<LatencyRow>& rows) {
  std::set<std::string> lines;
  for (const auto& row : rows) lines.insert(row.machine + " (" + row.flags + ")");
  return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace

std::optional<Table> latency_table(const std::vector<LatencyRow>& rows) {
  if (rows.empty()) return std::nullopt;
  Table table{.name = "latency",
              .title = "Latency",
              .caption =
                  "Median and 10th to 90th percentile of timed rounds. Ratio: the baseline's median over this one's "
                  "(above 1: faster) with its 95% interval; the rivals of a group are measured side by side, in turns, "
                  "so that ratios hold where times drift. Times of different calls or machines are not comparable. "
                  "Ceiling: the share of what the processor can do at best, measured in the same run. A simulated "
                  "backend computes with floats on the integer grid: its time is no speed of a quantised model. "
                  "Measured on: " +
                  machines(rows) + ".",
              .columns = {"Name", "Backend", "Median", "Ratio", "Of the ceiling [%]", "Accuracy or error [%]"},
              .rows = {},
              .num_text_columns = 2};
  for (const auto& row : rows) table.rows.push_back(latency_row(row));
  return table;
}

std::optional<Table> latency_goal_table(const std::vector<LatencyRow>& rows) {
  Table table{.name = "latency_goals",
              .title = "Integers against their opponents",
              .caption =
                  "How many times as fast as each opponent, with the 95% interval, both measured in one run; of "
                  "several members the fastest is the opponent. Goals are those of docs/benchmarks.md.",
              .columns = {"Goal", "Name", "Backend", "Opponent", "Ratio", "Must be", "Verdict"},
              .rows = {},
              .num_text_columns = 4};
  for (const auto& row : rows)
    for (const Json& line : row.opponents) table.rows.push_back(opponent_row(row, line));
  return table.rows.empty() ? std::nullopt : std::optional(std::move(table));
}

}  // namespace freeact
