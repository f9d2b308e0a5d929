#include "verify/check.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "checkpoint/safetensors.h"
#include "util/error.h"

namespace freeact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Both sides in float64 on the CPU, and |ours - reference|, 0 where the two are equal (infinities included).
struct Pair {
  at::Tensor ours, reference, difference, unequal;
};

Pair make_pair_of(const at::Tensor& ours, const at::Tensor& reference) {
  Pair pair{ours.detach().cpu(), reference.detach().cpu(), {}, {}};
  pair.unequal = pair.ours != pair.reference;  // before the cast: int64 has values float64 has not
  pair.ours = pair.ours.to(at::kDouble);
  pair.reference = pair.reference.to(at::kDouble);
  pair.difference = (pair.ours - pair.reference).abs().masked_fill(at::logical_not(pair.unequal), 0.0);
  return pair;
}

// Elements where `within` does not hold; a NaN holds nowhere.
int64_t count_outside(const at::Tensor& within) {
  return at::logical_not(within).sum().item<int64_t>();
}

at::Tensor is_close(const Pair& pair, const Tolerance& t) {
  // An infinite bound would let everything pass.
  const at::Tensor scale = pair.reference.abs().masked_fill(pair.reference.isinf(), 0.0);
  return pair.difference <= t.atol + t.rtol * scale;
}

// Empty when at most the allowed share of elements is outside, else a note.
std::string check_share(int64_t outside, int64_t total, double allowed) {
  if (static_cast<double>(outside) <= allowed * static_cast<double>(total)) return "";
  return fmt::format("{} of {} elements are outside", outside, total);
}

std::string check_codes(const Pair& pair, const Tolerance& t) {
  if (count_outside(pair.difference <= t.max_abs_diff) > 0)
    return fmt::format("a code differs by more than {}", t.max_abs_diff);
  return check_share(pair.unequal.sum().item<int64_t>(), pair.unequal.numel(), t.max_fraction);
}

std::string check_frobenius(const Pair& pair, const Tolerance& t) {
  const double distance = pair.difference.norm().item<double>();
  const double size = pair.reference.masked_fill(pair.reference.isinf(), 0.0).norm().item<double>();
  if (distance <= t.max * size) return "";
  return fmt::format("relative distance {:.3g}", distance / size);
}

std::string check_per_step(const Pair& pair, const Tolerance& t) {
  const auto steps = static_cast<int64_t>(t.max_per_step.size());
  if (pair.reference.dim() == 0 || pair.reference.size(0) != steps)
    return fmt::format("the tolerance has {} steps, the output has shape {}", steps,
                       shape_text(pair.reference.sizes()));
  std::vector<int64_t> column(static_cast<size_t>(pair.reference.dim()), 1);
  column[0] = steps;
  const at::Tensor bound = at::tensor(t.max_per_step, at::kDouble).view(column) * pair.reference.abs();
  return check_share(count_outside(pair.difference <= bound), pair.difference.numel(), 0);
}

// Empty when the pair is within the tolerance, else a note.
std::string violation(const Pair& pair, const Tolerance& t) {
  const int64_t total = pair.difference.numel();
  switch (t.kind) {
    case Tolerance::Kind::kExact:
      return check_share(pair.unequal.sum().item<int64_t>(), total, 0);
    case Tolerance::Kind::kAllClose:
      return check_share(count_outside(is_close(pair, t)), total, 0);
    case Tolerance::Kind::kCodes:
      return check_codes(pair, t);
    case Tolerance::Kind::kMostlyClose:
      return check_share(count_outside(is_close(pair, t)), total, t.max_fraction);
    case Tolerance::Kind::kRelativeFrobenius:
      return check_frobenius(pair, t);
    case Tolerance::Kind::kPerStepRelative:
      return check_per_step(pair, t);
    case Tolerance::Kind::kAtMost:
      return check_share(count_outside(pair.ours <= pair.reference * (1 + t.relative_slack)), total, 0);
  }
  throw Defect("unknown kind of tolerance");
}

// Why the two cannot be compared at all; empty when they can.
std::string incomparable(const at::Tensor& ours, const at::Tensor& reference) {
  if (!ours.defined()) return "the suite does not produce this output";
  if (ours.sizes() != reference.sizes())
    return fmt::format("shape {}, the reference has {}", shape_text(ours.sizes()), shape_text(reference.sizes()));
  if (ours.scalar_type() != reference.scalar_type())
    return fmt::format("dtype {}, the reference has {}", c10::toString(ours.scalar_type()),
                       c10::toString(reference.scalar_type()));
  if (ours.isnan().any().item<bool>()) return "NaN in the output";
  return "";
}

}  // namespace

CheckLine failed_line(const std::string& case_name, const std::string& output, const std::string& note) {
  return {
      .case_name = case_name, .output = output, .max_abs_diff = kNan, .tolerance = "", .passed = false, .note = note};
}

Tolerance Tolerance::from_json(const nlohmann::json& json) {
  try {
    const auto kind = json.at("kind").get<std::string>();
    const auto number = [&](const char* key) { return json.at(key).get<double>(); };
    Tolerance t;
    if (kind == "exact") return t;
    if (kind == "allclose") return all_close(number("rtol"), number("atol"));
    if (kind == "codes") {
      t.kind = Kind::kCodes;
      t.max_fraction = number("max_mismatch_fraction");
      t.max_abs_diff = number("max_abs_diff");
    } else if (kind == "mostly_close") {
      t = all_close(number("rtol"), number("atol"));
      t.kind = Kind::kMostlyClose;
      t.max_fraction = number("max_fraction_outside");
    } else if (kind == "relfro") {
      t.kind = Kind::kRelativeFrobenius;
      t.max = number("max");
    } else if (kind == "per_step_rel") {
      t.kind = Kind::kPerStepRelative;
      t.max_per_step = json.at("max").get<std::vector<double>>();
    } else if (kind == "at_most") {
      t.kind = Kind::kAtMost;
      t.relative_slack = number("rel_slack");
    } else {
      throw UserError("tolerance of unknown kind '{}'", kind);
    }
    return t;
  } catch (const nlohmann::json::exception& error) {
    throw UserError("tolerance {} is incomplete: {}", json.dump(), error.what());
  }
}

std::string Tolerance::text() const {
  switch (kind) {
    case Kind::kExact:
      return "exact";
    case Kind::kAllClose:
      return fmt::format("rtol {} atol {}", rtol, atol);
    case Kind::kCodes:
      return fmt::format("codes differ by at most {}, a share of {}", max_abs_diff, max_fraction);
    case Kind::kMostlyClose:
      return fmt::format("rtol {} atol {} but for a share of {}", rtol, atol, max_fraction);
    case Kind::kRelativeFrobenius:
      return fmt::format("relative Frobenius {}", max);
    case Kind::kPerStepRelative: {
      const auto [low, high] = std::minmax_element(max_per_step.begin(), max_per_step.end());
      return max_per_step.empty() ? "relative per step" : fmt::format("relative per step {} to {}", *low, *high);
    }
    case Kind::kAtMost:
      return fmt::format("at most (1 + {}) x", relative_slack);
  }
  throw Defect("unknown kind of tolerance");
}

CheckLine compare(const std::string& case_name, const std::string& output, const at::Tensor& ours,
                  const at::Tensor& reference, const Tolerance& tolerance) {
  CheckLine line = failed_line(case_name, output, incomparable(ours, reference));
  line.tolerance = tolerance.text();
  if (!line.note.empty()) return line;
  const Pair pair = make_pair_of(ours, reference);
  line.max_abs_diff = pair.difference.numel() == 0 ? 0.0 : pair.difference.max().item<double>();
  line.note = violation(pair, tolerance);
  line.passed = line.note.empty();
  return line;
}

Filter::Filter(const std::string& expression) {
  try {
    expression_.emplace(expression);
  } catch (const std::regex_error& error) {
    throw UserError("--filter '{}' is no regular expression: {}", expression, error.what());
  }
}

bool Filter::operator()(const std::string& case_name) const {
  return !expression_ || std::regex_search(case_name, *expression_);
}

}  // namespace freeact
