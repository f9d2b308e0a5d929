#include "bench/table.h"

#include <fmt/format.h>

#include <cmath>

namespace freeact {
namespace {

std::string rival_of(const std::string& name) {
  return name.substr(name.rfind('/') + 1);
}

std::string format_speed_up(const LatencyRow& row) {
  if (row.name == row.baseline) return "1 (baseline)";
  if (row.backend.starts_with("simulated")) return "- (simulated)";  // floats on the grid are no speed of integers
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", row.ratio, row.ratio_low, row.ratio_high);
}

// A count of one unit; "-" where the benchmark has no such count.
std::string format_count(const LatencyRow& row, const char* name) {
  const auto found = row.statistics.find(name);
  return found == row.statistics.end() ? "-" : fmt::format("{:.1f}", found->get<double>());
}

std::string format_line(const std::string& rival, const LatencyRow& row) {
  return fmt::format("  {:<20} {:>9}  {:>9} - {:<9} {:>4}  {:<19} {:>12}  {:>7}  {:>9}  {:>8}\n", rival,
                     format_time(row.median_s), format_time(row.p10_s), format_time(row.p90_s), row.count,
                     format_speed_up(row), std::isnan(row.accuracy) ? "-" : fmt::format("{:.1f} %", row.accuracy),
                     format_count(row, "forward_passes"), format_count(row, "positions"),
                     format_count(row, "tokens_per_s"));
}

// "  C1: 5.02 [4.90, 5.14] times as fast as float32 (goal 3.5, aim 5: aim)"
std::string format_opponent(const LatencyRow& row, const Json& line) {
  std::string text =
      fmt::format("  {}{:.2f} [{:.2f}, {:.2f}] times as fast as {} ({})", row.goal.empty() ? "" : row.goal + ": ",
                  line["ratio"].get<double>(), line["ratio_low"].get<double>(), line["ratio_high"].get<double>(),
                  line["opponent"].get<std::string>(), rival_of(line["name"].get<std::string>()));
  if (line["reached"] != "no target")
    text += fmt::format("; must be {:.3g}, aim {:.3g}: {}", line["floor"].get<double>(), line["aim"].get<double>(),
                        line["reached"] == "below" ? "missed" : line["reached"].get<std::string>() + " reached");
  return text + "\n";
}

std::string format_findings(const LatencyRow& row) {
  std::string text;
  for (const Json& line : row.opponents) text += format_opponent(row, line);
  if (!row.ceiling.empty())
    text +=
        fmt::format("  {:.0f} % of the ceiling of this run, {}\n", 100 * row.ceiling_fraction, rival_of(row.ceiling));
  return text;
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
  text += fmt::format("  {:<20} {:>9}  {:>9} - {:<9} {:>4}  {:<19} {:>12}  {:>7}  {:>9}  {:>8}\n", "rival", "median",
                      "p10", "p90", "n", "faster [95 %]", first.accuracy_kind, "passes", "positions", "tokens/s");
  for (const LatencyRow& row : report.rows) text += format_line(row.name.substr(report.name.size() + 1), row);
  for (const LatencyRow& row : report.rows) text += format_findings(row);
  return text;
}

}  // namespace freeact
