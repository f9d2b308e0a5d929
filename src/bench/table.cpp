#include "bench/table.h"

#include <fmt/format.h>

#include <cmath>

namespace freeact {
namespace {

std::string format_speed_up(const LatencyRow& row) {
  if (row.name == row.baseline) return "1 (baseline)";
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", row.ratio, row.ratio_low, row.ratio_high);
}

// A count of one unit; "-" where the benchmark has no such count.
std::string format_count(const LatencyRow& row, const char* name) {
  const auto found = row.statistics.find(name);
  return found == row.statistics.end() ? "-" : fmt::format("{:.1f}", found->get<double>());
}

std::string format_line(const std::string& rival, const LatencyRow& row) {
  return fmt::format("  {:<18} {:>9}  {:>9} - {:<9} {:>4}  {:<19} {:>12}  {:>7}  {:>9}  {:>8}\n", rival,
                     format_time(row.median_s), format_time(row.p10_s), format_time(row.p90_s), row.count,
                     format_speed_up(row), std::isnan(row.accuracy) ? "-" : fmt::format("{:.1f} %", row.accuracy),
                     format_count(row, "forward_passes"), format_count(row, "positions"),
                     format_count(row, "tokens_per_s"));
}

}  // namespace

std::string format_time(double seconds) {
  if (seconds >= 1) return fmt::format("{:.3g} s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.3g} ms", seconds * 1e3);
  return fmt::format("{:.3g} us", seconds * 1e6);
}

std::string report_table(const BenchReport& report) {
  const LatencyRow& first = report.rows.front();
  std::string text = fmt::format("{}: {} time of one {}; {}\n", report.name, first.clock, first.unit, report.note);
  text += fmt::format("  {:<18} {:>9}  {:>9} - {:<9} {:>4}  {:<19} {:>12}  {:>7}  {:>9}  {:>8}\n", "rival", "median",
                      "p10", "p90", "n", "faster [95 %]", first.accuracy_kind, "passes", "positions", "tokens/s");
  for (const LatencyRow& row : report.rows) text += format_line(row.name.substr(report.name.size() + 1), row);
  return text;
}

}  // namespace freeact
