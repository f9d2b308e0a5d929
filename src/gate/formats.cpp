#include "gate/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "util/fields.h"
#include "util/text.h"

namespace freeact {
namespace {

using Replacements = std::initializer_list<std::pair<std::string_view, std::string_view>>;

std::string escape(std::string text, const Replacements& replacements) {
  for (const auto& [from, to] : replacements) text = replace_all(text, from, to);
  return text;
}

// GitHub's rules for the message of a workflow command, and for its properties.
std::string escape_message(const std::string& text) {
  return escape(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
}
std::string escape_property(const std::string& text) {
  return escape(escape_message(text), {{":", "%3A"}, {",", "%2C"}});
}

std::string markdown_cell(const std::string& text) {
  return escape(text, {{"\\", "\\\\"}, {"|", "\\|"}, {"<", "&lt;"}, {"\n", " "}});
}

bool is_told(const Finding& finding) {
  return finding.outcome != Outcome::kHolds;
}

std::string metric_name(const Finding& finding) {
  return finding.metric.empty() ? "(the whole arm)" : finding.metric;
}

Json finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json finding_json(const Finding& f) {
  return {{"experiment", f.arm.experiment},
          {"model", f.arm.model},
          {"arm", f.arm.arm},
          {"bits", f.arm.bits},
          {"backend", f.arm.backend},
          {"metric", f.metric},
          {"unit", f.unit},
          {"outcome", outcome_name(f.outcome)},
          {"failed", f.failed()},
          {"reference", finite(f.reference)},
          {"value", finite(f.value)},
          {"low", finite(f.band.low)},
          {"high", finite(f.band.high)},
          {"seeds", f.seeds},
          {"exact_seeds", f.exact},
          {"explanation", f.explanation()}};
}

std::string junit_case(const Finding& f) {
  const std::string head = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"0\"",
                                       escape_xml(f.arm.text()), escape_xml(metric_name(f)));
  const std::string why = escape_xml(f.explanation());
  if (f.failed())
    return fmt::format("{}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n", head,
                       outcome_name(f.outcome), why, why);
  if (is_told(f))
    return fmt::format("{}>\n      <skipped message=\"{}: {}\"/>\n    </testcase>\n", head, outcome_name(f.outcome),
                       why);
  return head + "/>\n";
}

struct Counts {
  size_t tests = 0, failures = 0, skipped = 0;

  void add(const Finding& f) {
    ++tests;
    failures += f.failed() ? 1 : 0;
    skipped += is_told(f) && !f.failed() ? 1 : 0;
  }
  std::string attributes() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\"", tests, failures, skipped);
  }
};

}  // namespace

std::string escape_xml(std::string_view text) {
  std::string plain(text);
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c >= 0 && c < ' ' && c != '\n' && c != '\t' && c != '\r'; }, '?');
  return escape(plain, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"\n", "&#10;"}});
}

std::string gate_table(const GateResult& result, bool all) {
  std::vector<std::array<std::string, 4>> rows;
  std::array<size_t, 3> widths = {};
  for (const Finding& f : result.findings) {
    if (!all && !is_told(f)) continue;
    rows.push_back({outcome_name(f.outcome), f.arm.text(), metric_name(f), f.explanation()});
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], rows.back()[i].size());
  }
  std::string text;
  for (const auto& row : rows)
    text +=
        fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", row[0], widths[0], row[1], widths[1], row[2], widths[2], row[3]);
  return text;
}

std::string gate_json(const GateResult& result) {
  std::string text;
  for (const Finding& f : result.findings) text += finding_json(f).dump() + "\n";
  const Json counts = {{"held", result.count(Outcome::kHolds)},
                       {"failed", result.failed()},
                       {"new", result.count(Outcome::kNew)},
                       {"unjudged", result.count(Outcome::kUnjudged)}};
  return text + counts.dump() + "\n";
}

std::string gate_junit(const GateResult& result) {
  std::map<ArmName, std::pair<Counts, std::string>> suites;
  Counts all;
  for (const Finding& f : result.findings) {
    auto& [counts, cases] = suites[f.arm];
    counts.add(f);
    all.add(f);
    cases += junit_case(f);
  }
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"freeact compare\" {}>\n", all.attributes());
  for (const auto& [arm, suite] : suites)
    text += fmt::format("  <testsuite name=\"{}\" {}>\n{}  </testsuite>\n", escape_xml(arm.text()),
                        suite.first.attributes(), suite.second);
  return text + "</testsuites>\n";
}

std::string gate_annotations(const GateResult& result, const std::string& file) {
  std::string text;
  for (const Finding& f : result.findings) {
    if (!is_told(f)) continue;
    text += fmt::format("::{} file={},title={}::{}: {}\n", f.failed() ? "error" : "notice", escape_property(file),
                        escape_property(fmt::format("{}: {}", metric_name(f), outcome_name(f.outcome))),
                        escape_message(f.arm.text()), escape_message(f.explanation()));
  }
  return text;
}

std::string gate_markdown(const GateResult& result, const std::string& file) {
  std::string text = fmt::format("### {} against {}\n\n{}\n", result.failed() == 0 ? "Holds" : "Fails",
                                 markdown_cell(file), markdown_cell(result.summary()));
  if (result.count(Outcome::kHolds) == result.findings.size()) return text;
  text += "\n| outcome | arm | metric | |\n|---|---|---|---|\n";
  for (const Finding& f : result.findings)
    if (is_told(f))
      text += fmt::format("| {} | {} | {} | {} |\n", outcome_name(f.outcome), markdown_cell(f.arm.text()),
                          markdown_cell(metric_name(f)), markdown_cell(f.explanation()));
  return text;
}

}  // namespace freeact
