// The vocabulary of all verification: an output of ours is held against a stored reference output under a tolerance,
// each such comparison is one line, and a report collects the lines.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace freeact {

// One output of one case.
struct CheckLine {
  std::string case_name;    // "llada_tiny/forward", "rtn/act_sym4"
  std::string output;       // "logits"
  double max_abs_diff = 0;  // NaN where there is nothing to subtract (other shapes, an error)
  std::string tolerance;    // as text
  bool passed = false;
  std::string note;  // why it failed
};

// A failed line of a whole case or of an output that could not be compared.
CheckLine failed_line(const std::string& case_name, const std::string& output, const std::string& note);

// How far an output a may be from the reference b.
struct Tolerance {
  enum class Kind {
    kExact,              // equal
    kAllClose,           // |a-b| <= atol + rtol |b| for every element
    kCodes,              // integers: a share of at most max_fraction differs, none by more than max_abs_diff
    kMostlyClose,        // all close but for a share of at most max_fraction
    kRelativeFrobenius,  // ||a-b|| <= max ||b||
    kPerStepRelative,    // |a_k-b_k| <= max_per_step[k] |b_k|, k the first dimension
    kAtMost,             // a <= b (1 + relative_slack)
  };
  Kind kind = Kind::kExact;
  double rtol = 0, atol = 0;
  double max_fraction = 0, max_abs_diff = 0;
  double max = 0, relative_slack = 0;
  std::vector<double> max_per_step;

  static Tolerance exact() { return {}; }
  static Tolerance all_close(double rtol, double atol) {
    return {.kind = Kind::kAllClose, .rtol = rtol, .atol = atol, .max_per_step = {}};
  }
  // The `tol` object of a case file. Throws UserError on an unknown kind or a missing bound.
  static Tolerance from_json(const nlohmann::json& json);
  std::string text() const;
};

// Compares in float64; equal infinities are equal. Another shape or dtype, or a NaN of ours, fails whatever the
// tolerance. An undefined `ours` is an output that was not produced.
CheckLine compare(const std::string& case_name, const std::string& output, const at::Tensor& ours,
                  const at::Tensor& reference, const Tolerance& tolerance);

// Which cases are asked for: a regular expression searched for in the case's name. The default takes all.
class Filter {
 public:
  Filter() = default;
  // Throws UserError when the expression is malformed.
  explicit Filter(const std::string& expression);
  bool operator()(const std::string& case_name) const;

 private:
  std::optional<std::regex> expression_;
};

// Collects lines, and hands each to on_line as it comes.
class CheckReport {
 public:
  using OnLine = std::function<void(const CheckLine&)>;
  explicit CheckReport(OnLine on_line = nullptr) : on_line_(std::move(on_line)) {}

  void add(CheckLine line);
  // A reference that is deliberately not held against anything; only counted.
  void skip(const std::string& case_name, const std::string& output, const std::string& why);

  int passed() const { return passed_; }
  int failed() const { return static_cast<int>(lines_.size()) - passed_; }
  int skipped() const { return static_cast<int>(skipped_.size()); }
  const std::vector<CheckLine>& lines() const { return lines_; }
  const std::vector<CheckLine>& skipped_lines() const { return skipped_; }

  // {"passed":N,"failed":N,"skipped":N}
  std::string summary_json() const;
  // An aligned table of all lines with a summary below.
  void write_table(std::ostream& out) const;
  // Its last line alone.
  void write_summary(std::ostream& out) const;

 private:
  OnLine on_line_;
  std::vector<CheckLine> lines_, skipped_;
  int passed_ = 0;
};

// {"case":…,"output":…,"max_abs_diff":…,"tolerance":…,"passed":…}, and "note" where there is one. A difference that is
// no finite number is null.
std::string line_json(const CheckLine& line);

}  // namespace freeact
