#include "gate/gate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "util/error.h"

namespace freeact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kExactTolerance = 1e-9;  // relative
constexpr const char* kUnquantised = "16-bit";

bool equal_numbers(double a, double b) {
  return std::abs(a - b) <= kExactTolerance * std::max(std::abs(a), std::abs(b));
}

size_t place_of_seed(const ReferenceArm& arm, uint64_t seed) {
  return static_cast<size_t>(std::find(arm.seeds.begin(), arm.seeds.end(), seed) - arm.seeds.begin());
}

const ReferenceMetric* find_metric(const ReferenceArm& arm, const std::string& name) {
  const auto found =
      std::find_if(arm.metrics.begin(), arm.metrics.end(), [&](const auto& m) { return m.name == name; });
  return found == arm.metrics.end() ? nullptr : &*found;
}

// Seeds of which determinism promises the reference's numbers.
using Seeds = std::set<uint64_t>;

Seeds same_machine(const ReferenceArm& reference, const MeasuredArm& measured) {
  Seeds seeds;
  for (const auto& [seed, run] : measured.seeds)
    if (!reference.machine.empty() && run.machine == reference.machine &&
        place_of_seed(reference, seed) < reference.seeds.size())
      seeds.insert(seed);
  return seeds;
}

// The 16-bit model's likelihoods are sums of thousands of floats: equal to the last digit, the arithmetic is the same.
// Virtual machines of one name differ in their processors, and libraries change.
bool same_digits(const ReferenceArm& reference, const MeasuredArm& measured, uint64_t seed) {
  for (const auto& metric : reference.metrics) {
    const auto found = measured.seeds.at(seed).metrics.find(metric.name);
    if (metric.unit == "%" || found == measured.seeds.at(seed).metrics.end()) continue;
    if (found->second.value != metric.values[place_of_seed(reference, seed)]) return false;
  }
  return true;
}

struct Pair {
  const ReferenceArm* reference;
  const MeasuredArm* measured;
};

// Which seeds are compared exactly in each arm of a model.
class Promise {
 public:
  Promise(const std::vector<Pair>& pairs, bool always_bands) : always_bands_(always_bands) {
    for (const Pair& pair : pairs) {
      if (always_bands || pair.reference->bits != kUnquantised) continue;
      for (const uint64_t seed : same_machine(*pair.reference, *pair.measured))
        if (!same_digits(*pair.reference, *pair.measured, seed))
          other_digits_[{pair.reference->experiment, pair.reference->model}].insert(seed);
    }
  }

  Seeds exact_seeds(const Pair& pair) const {
    if (always_bands_) return {};
    Seeds seeds = same_machine(*pair.reference, *pair.measured);
    const auto others = other_digits_.find({pair.reference->experiment, pair.reference->model});
    if (others != other_digits_.end())
      for (const uint64_t seed : others->second) seeds.erase(seed);
    return seeds;
  }
  bool broken() const { return !other_digits_.empty(); }

 private:
  const bool always_bands_;
  std::map<std::pair<std::string, std::string>, Seeds> other_digits_;
};

// The stated band, or for another number of seeds than it is stated for, the one that follows from the same values.
Band band_for(const Reference& reference, const ReferenceMetric& metric, size_t seeds) {
  if (metric.band.empty()) return {kNan, kNan};
  if (static_cast<int>(seeds) == reference.seeds_compared) return {metric.band[0], metric.band[1]};
  return prediction_band(metric.values, parse_scale(metric.scale), metric.items, static_cast<int>(seeds),
                         reference.level);
}

Outcome judge(const Finding& finding, const ReferenceMetric& metric, bool exact_equal) {
  if (finding.exact == finding.seeds && exact_equal) return Outcome::kHolds;
  if (finding.band.known() && !finding.band.holds(finding.value))
    return (finding.value > finding.reference) == metric.higher_is_better ? Outcome::kBetter : Outcome::kWorse;
  if (!exact_equal) return Outcome::kChanged;
  return finding.band.known() ? Outcome::kHolds : Outcome::kUnjudged;
}

Finding whole_arm(const ArmName& arm, Outcome outcome) {
  return {
      .arm = arm, .metric = {}, .unit = {}, .outcome = outcome, .reference = kNan, .value = kNan, .band = {kNan, kNan}};
}

Finding compare_metric(const Reference& reference, const Pair& pair, const ReferenceMetric& metric,
                       const Seeds& exact) {
  Finding finding = {.arm = pair.reference->name(),
                     .metric = metric.name,
                     .unit = metric.unit,
                     .reference = metric.mean,
                     .value = kNan,
                     .band = {kNan, kNan}};
  std::vector<double> values;
  bool exact_equal = true;
  for (const auto& [seed, run] : pair.measured->seeds) {
    const auto found = run.metrics.find(metric.name);
    if (found == run.metrics.end()) {
      finding.outcome = Outcome::kMissing;
      return finding;
    }
    values.push_back(found->second.value);
    if (exact.contains(seed))
      exact_equal = exact_equal && equal_numbers(values.back(), metric.values[place_of_seed(*pair.reference, seed)]);
  }
  finding.seeds = values.size();
  finding.exact = exact.size();
  finding.value = centre(values, parse_scale(metric.scale));
  finding.band = band_for(reference, metric, values.size());
  finding.outcome = judge(finding, metric, exact_equal);
  return finding;
}

void compare_arm(const Reference& reference, const Pair& pair, const Seeds& exact, std::vector<Finding>& findings) {
  for (const ReferenceMetric& metric : pair.reference->metrics)
    findings.push_back(compare_metric(reference, pair, metric, exact));
  for (const auto& [name, measurement] : pair.measured->seeds.begin()->second.metrics)
    if (find_metric(*pair.reference, name) == nullptr) {
      findings.push_back(whole_arm(pair.reference->name(), Outcome::kNew));
      findings.back().metric = name;
      findings.back().unit = measurement.unit;
      findings.back().value = measurement.value;
    }
}

const MeasuredArm* find_arm(const std::vector<MeasuredArm>& measured, const ReferenceArm& wanted, bool any_settings) {
  for (const MeasuredArm& arm : measured)
    if (arm.name == wanted.name() && (any_settings || arm.settings == wanted.settings)) return &arm;
  return nullptr;
}

// Reference and database arm by arm; what has no partner becomes a finding.
std::vector<Pair> pair_up(const Reference& reference, const std::vector<MeasuredArm>& measured,
                          std::vector<Finding>& findings) {
  std::vector<Pair> pairs;
  std::set<const MeasuredArm*> known;
  for (const ReferenceArm& arm : reference.arms) {
    if (const MeasuredArm* found = find_arm(measured, arm, false)) {
      pairs.push_back({&arm, found});
      known.insert(found);
    } else if (const MeasuredArm* other = find_arm(measured, arm, true)) {
      findings.push_back(whole_arm(arm.name(), Outcome::kSettings));
      known.insert(other);
    } else {
      findings.push_back(whole_arm(arm.name(), Outcome::kMissing));
    }
  }
  for (const MeasuredArm& arm : measured)
    if (!known.contains(&arm)) findings.push_back(whole_arm(arm.name, Outcome::kNew));
  return pairs;
}

std::string number(double value, const std::string& unit) {
  return unit == "%" ? fmt::format("{:.1f} %", value) : fmt::format("{:.4g}{}{}", value, unit.empty() ? "" : " ", unit);
}

std::string change(const Finding& f) {
  if (f.unit == "%") return fmt::format("{:+.1f} points", f.value - f.reference);
  return f.reference == 0 ? "" : fmt::format("{:+.2g} %", 100 * (f.value / f.reference - 1));
}

std::string band_text(const Finding& f) {
  if (!f.band.known()) return "no band: the reference has one seed";
  return fmt::format("band {} to {} over {} seed{}", number(f.band.low, f.unit), number(f.band.high, f.unit), f.seeds,
                     f.seeds == 1 ? "" : "s");
}

}  // namespace

std::string outcome_name(Outcome outcome) {
  static constexpr std::array kNames = {"holds",   "worse",          "better", "changed",
                                        "missing", "other settings", "new",    "not judged"};
  return kNames[static_cast<size_t>(outcome)];
}

std::string Finding::explanation() const {
  if (outcome == Outcome::kMissing) return "of the reference, but not in the database";
  if (outcome == Outcome::kSettings) return "run with other settings than the reference's, or with another checkpoint";
  if (outcome == Outcome::kNew) return "not of the reference";
  const std::string moved = fmt::format("{} -> {}", number(reference, unit), number(value, unit));
  if (outcome == Outcome::kHolds && exact == seeds)
    return fmt::format("{}, exactly in {} seed{}", number(value, unit), seeds, seeds == 1 ? "" : "s");
  if (outcome == Outcome::kChanged)
    return fmt::format("{}, seed by seed not the same numbers on the same machine; {}", moved, band_text(*this));
  return fmt::format("{} ({}), {}", moved, change(*this), band_text(*this));
}

size_t GateResult::count(Outcome outcome) const {
  return static_cast<size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.outcome == outcome; }));
}

size_t GateResult::failed() const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [](const auto& f) { return f.failed(); }));
}

size_t GateResult::compared() const {
  return count(Outcome::kHolds) + count(Outcome::kWorse) + count(Outcome::kBetter) + count(Outcome::kChanged);
}

std::string GateResult::summary() const {
  const auto exactly = std::count_if(findings.begin(), findings.end(), [](const Finding& f) {
    return f.outcome == Outcome::kHolds && f.exact == f.seeds;
  });
  std::string text = fmt::format("{} of {} metrics hold", count(Outcome::kHolds), compared());
  if (exactly > 0) text += fmt::format(", {} of them exactly", exactly);
  for (const Outcome outcome : {Outcome::kWorse, Outcome::kBetter, Outcome::kChanged, Outcome::kMissing,
                                Outcome::kSettings, Outcome::kNew, Outcome::kUnjudged})
    if (const size_t number = count(outcome)) text += fmt::format("; {} {}", number, outcome_name(outcome));
  return text;
}

GateResult hold_against(const Reference& reference, const std::vector<MeasuredArm>& measured, bool always_bands) {
  GateResult result;
  const std::vector<Pair> pairs = pair_up(reference, measured, result.findings);
  const bool shares_arms = !pairs.empty() || result.count(Outcome::kSettings) > 0;
  if (!shares_arms) throw UserError("the database has no arm of the reference: was another experiment run?");
  const Promise promise(pairs, always_bands);
  for (const Pair& pair : pairs) compare_arm(reference, pair, promise.exact_seeds(pair), result.findings);
  result.other_arithmetic = promise.broken();
  std::stable_sort(result.findings.begin(), result.findings.end(), [](const Finding& a, const Finding& b) {
    return std::tuple(!a.failed(), a.arm, a.metric) < std::tuple(!b.failed(), b.arm, b.metric);
  });
  return result;
}

}  // namespace freeact
