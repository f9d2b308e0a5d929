#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>

#include "verify/check.h"

namespace freeact {

void CheckReport::add(CheckLine line) {
  passed_ += line.passed ? 1 : 0;
  lines_.push_back(std::move(line));
  if (on_line_) on_line_(lines_.back());
}

void CheckReport::skip(const std::string& case_name, const std::string& output, const std::string& why) {
  skipped_.push_back(failed_line(case_name, output, why));
}

std::string line_json(const CheckLine& line) {
  nlohmann::ordered_json json;
  json["case"] = line.case_name;
  json["output"] = line.output;
  json["max_abs_diff"] = nullptr;
  if (std::isfinite(line.max_abs_diff)) json["max_abs_diff"] = line.max_abs_diff;
  json["tolerance"] = line.tolerance;
  json["passed"] = line.passed;
  if (!line.note.empty()) json["note"] = line.note;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string CheckReport::summary_json() const {
  return fmt::format(R"({{"passed":{},"failed":{},"skipped":{}}})", passed(), failed(), skipped());
}

void CheckReport::write_table(std::ostream& out) const {
  using Row = std::array<std::string, 6>;
  std::vector<Row> rows = {{"result", "max abs diff", "case", "output", "tolerance", "note"}};
  const auto add_row = [&](const char* result, const CheckLine& line) {
    const std::string difference = std::isnan(line.max_abs_diff) ? "-" : fmt::format("{:.3g}", line.max_abs_diff);
    rows.push_back({result, difference, line.case_name, line.output, line.tolerance, line.note});
  };
  for (const CheckLine& line : lines_) add_row(line.passed ? "ok" : "FAILED", line);
  for (const CheckLine& line : skipped_) add_row("skipped", line);

  std::array<size_t, 6> widths{};
  for (const Row& row : rows)
    for (size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const Row& row : rows) {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << '\n';
  }
  write_summary(out);
}

void CheckReport::write_summary(std::ostream& out) const {
  out << fmt::format("{} passed, {} failed, {} skipped\n", passed(), failed(), skipped());
}

}  // namespace freeact
