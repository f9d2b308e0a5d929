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

std::vector<TableCell> latency_row(const LatencyRow& row) {
  const bool is_baseline = row.name == row.baseline;
  TableCell name = text_cell(row.name);
  name.tooltip = fmt::format("{}, version {}, {}; {}", row.measured_at, row.source_version, row.cpu_clock, row.machine);
  if (!is_baseline) name.note = "against " + row.baseline;
  TableCell ratio = text_cell("1", "baseline");
  if (!is_baseline)
    ratio = text_cell(fmt::format("{:.2f}", row.ratio), fmt::format("{:.2f} to {:.2f}", row.ratio_low, row.ratio_high));
  TableCell accuracy = text_cell(std::string(kMissing));
  if (!std::isnan(row.accuracy)) accuracy = text_cell(format_value(row.accuracy, "%"), row.accuracy_kind);
  return {name, text_cell(row.backend, row.clock + " time"),
          text_cell(time_text(row.median_s) + " per " + row.unit,
                    fmt::format("{} to {}, {}", time_text(row.p10_s), time_text(row.p90_s),
                                count_of(static_cast<size_t>(row.count), "round"))),
          ratio, accuracy};
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
                  "Measured on: " +
                  machines(rows) + ".",
              .columns = {"Name", "Backend", "Median", "Ratio", "Accuracy [%]"},
              .rows = {},
              .num_text_columns = 2};
  for (const auto& row : rows) table.rows.push_back(latency_row(row));
  return table;
}

}  // namespace freeact
