#include "gate/reference.h"

#include <algorithm>
#include <cmath>

#include "util/error.h"
#include "util/files.h"

namespace freeact {
namespace {

constexpr const char* kAbout =
    "Made by `freeact compare --make`; `freeact compare --reference` holds new runs against it: docs/regression.md.";

// As a file states it: values keep all digits, what is made of them six.
double stated(double value) {
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

// The values of one metric over all seeds of an arm; nothing when a seed lacks it or holds no finite number.
std::vector<double> values_of(const MeasuredArm& arm, const std::string& name) {
  std::vector<double> values;
  for (const auto& [seed, run] : arm.seeds) {
    const auto found = run.metrics.find(name);
    if (found == run.metrics.end() || !std::isfinite(found->second.value)) return {};
    values.push_back(found->second.value);
  }
  return values;
}

ReferenceMetric reference_metric(const std::string& name, const MeasuredMetric& like, std::vector<double> values) {
  const BandScale scale = scale_of(like.unit, values);
  return {.name = name,
          .unit = like.unit,
          .higher_is_better = like.higher_is_better,
          .scale = scale_name(scale),
          .items = like.items,
          .mean = stated(centre(values, scale)),
          .spread = stated(spread(values, scale)),
          .band = {},
          .values = std::move(values)};
}

ReferenceArm reference_arm(const MeasuredArm& measured, std::vector<std::string>& left_out) {
  const ArmName& name = measured.name;
  const auto& [first_seed, first] = *measured.seeds.begin();
  ReferenceArm arm{name.experiment,   name.model,    name.arm, name.bits, name.backend,
                   measured.settings, first.machine, {},       {}};
  for (const auto& [seed, run] : measured.seeds) {
    arm.seeds.push_back(seed);
    if (run.machine != first.machine) arm.machine.clear();
  }
  for (const auto& [metric, measurement] : first.metrics) {
    std::vector<double> values = values_of(measured, metric);
    if (values.empty())
      left_out.push_back(name.text() + ": " + metric);
    else
      arm.metrics.push_back(reference_metric(metric, measurement, std::move(values)));
  }
  return arm;
}

constexpr double kLeastLevel = 1e-12;  // Student's quantiles beyond are none in double precision
constexpr double kMostAnswers = 1e9;

void check_answers(const ReferenceArm& arm, const ReferenceMetric& metric, int seeds_compared) {
  const auto seeds = std::max(static_cast<double>(arm.seeds.size()), static_cast<double>(seeds_compared));
  if (metric.items < 0 || static_cast<double>(metric.items) * seeds > kMostAnswers)
    throw UserError("arm '{}', metric '{}': {} items, but 0 to {:.0g} over all seeds can be compared",
                    arm.name().text(), metric.name, metric.items, kMostAnswers);
}

void state_bands(Reference& reference) {
  size_t metrics = 0;
  for (const auto& arm : reference.arms) metrics += arm.metrics.size();
  if (metrics == 0) throw UserError("no run with results to make a reference of");
  reference.level = stated(reference.false_alarm_rate / static_cast<double>(metrics));
  if (reference.level < kLeastLevel)
    throw UserError("a false-alarm rate of {} over {} metrics is less than {} each: ask for more",
                    reference.false_alarm_rate, metrics, kLeastLevel);
  for (auto& arm : reference.arms)
    for (auto& metric : arm.metrics) {
      const Band band = prediction_band(metric.values, parse_scale(metric.scale), metric.items,
                                        reference.seeds_compared, reference.level);
      if (band.known()) metric.band = {stated(band.low), stated(band.high)};
    }
}

void check(const Reference& r) {
  if (r.format != kReferenceFormat)
    throw FieldError("format",
                     fmt::format("key 'format' is {}, but this program reads {}", r.format, kReferenceFormat));
  if (!(r.level >= kLeastLevel && r.level < 1))
    throw FieldError("level", fmt::format("key 'level' must lie between {} and 1", kLeastLevel));
  if (r.seeds_compared < 1) throw FieldError("seeds_compared", "key 'seeds_compared' must be 1 or more");
  for (const auto& arm : r.arms)
    for (const auto& metric : arm.metrics) {
      parse_scale(metric.scale);
      check_answers(arm, metric, r.seeds_compared);
      if (metric.values.size() != arm.seeds.size() || (!metric.band.empty() && metric.band.size() != 2))
        throw UserError("arm '{}', metric '{}': {} values for {} seeds, {} numbers as band (2, or none)",
                        arm.name().text(), metric.name, metric.values.size(), arm.seeds.size(), metric.band.size());
    }
}

// An object with a key a line; the lists of `spread_out` with an item a line.
std::string lines_of(const Json& object, const std::string& indent, const std::string& spread_out,
                     const auto& item_text) {
  std::string text = "{";
  const char* separator = "\n";
  for (const auto& [key, value] : object.items()) {
    text += fmt::format("{}{}  {}: ", separator, indent, Json(key).dump());
    separator = ",\n";
    if (key != spread_out) {
      text += value.dump();
      continue;
    }
    const char* between = "[\n";
    for (const auto& item : value) {
      text += fmt::format("{}{}    {}", between, indent, item_text(item));
      between = ",\n";
    }
    text += value.empty() ? "[]" : fmt::format("\n{}  ]", indent);
  }
  return text + "\n" + indent + "}";
}

}  // namespace

Reference make_reference(const std::vector<MeasuredArm>& arms, double false_alarm_rate, int seeds_compared,
                         std::vector<std::string>& left_out) {
  Reference reference;
  reference.about = kAbout;
  reference.false_alarm_rate = false_alarm_rate;
  reference.seeds_compared = seeds_compared;
  for (const MeasuredArm& arm : arms) {
    reference.source_version = arm.seeds.begin()->second.source_version;
    reference.arms.push_back(reference_arm(arm, left_out));
  }
  state_bands(reference);
  return reference;
}

std::string write_reference(const Reference& reference) {
  const auto metric_text = [](const Json& metric) { return metric.dump(); };
  const auto arm_text = [&](const Json& arm) { return lines_of(arm, "    ", "metrics", metric_text); };
  return lines_of(write_fields(reference), "", "arms", arm_text) + "\n";
}

Reference read_reference(const std::filesystem::path& path) {
  try {
    Reference reference = read_fields<Reference>(Json(read_json(path)));
    check(reference);
    return reference;
  } catch (const UserError& error) {
    const std::string what = error.what();
    throw UserError(what.starts_with(path.string()) ? what : fmt::format("{}: {}", path.string(), what));
  }
}

}  // namespace freeact
