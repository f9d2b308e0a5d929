// Which runs belong together, and what the columns of their table are.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "report/analysis.h"
#include "report/backends.h"
#include "report/columns.h"
#include "report/config_lines.h"
#include "report/format.h"
#include "util/hash.h"

namespace freeact {
namespace {

constexpr size_t kMaxDetail = 90;  // characters of configuration in an arm's label

std::string trim(const std::string& line) {
  const auto begin = line.find_first_not_of(" \t-");
  return begin == std::string::npos ? "" : line.substr(begin);
}

// The configuration without its seed and launcher, as lines: what must agree for runs to be repetitions of each other.
std::vector<std::string> variant_lines(const RunRecord& run) {
  std::vector<std::string> lines;
  for (const auto& line : config_lines(run.resolved_config))
    if (line.path != "seed" && line.path != "launcher" && !line.path.starts_with("launcher."))
      lines.push_back(line.text);
  return lines;
}

using Variants = std::map<std::vector<std::string>, std::vector<const Run*>>;

bool in_all(const std::string& line, const Variants& variants) {
  return std::all_of(variants.begin(), variants.end(), [&](const auto& variant) {
    return std::find(variant.first.begin(), variant.first.end(), line) != variant.first.end();
  });
}

// "clip: false, steps: 120": the lines that not all variants have, as many as a label takes.
std::string distinguishing_lines(const std::vector<std::string>& lines, const Variants& variants) {
  std::string detail;
  for (const auto& line : lines) {
    if (in_all(line, variants)) continue;
    const std::string more = (detail.empty() ? "" : ", ") + trim(line);
    if (!detail.empty() && detail.size() + more.size() > kMaxDetail) return detail + ", …";
    detail += more;
  }
  return detail.empty() ? "default" : detail;
}

// What the experiment called the variants, in their order; nothing when it did not name them all, or two alike.
std::vector<std::string> variant_names(const Variants& variants) {
  std::set<std::string> distinct;
  std::vector<std::string> names;
  for (const auto& [lines, runs] : variants) {
    const std::string& name = runs.front()->record.arm;
    const bool agreed = std::all_of(runs.begin(), runs.end(), [&](const Run* run) { return run->record.arm == name; });
    if (name.empty() || !agreed || !distinct.insert(name).second) return {};
    names.push_back(name);
  }
  return names;
}

// A label for each variant, in their order: its name, or how its configuration differs. Where the lines that fit leave
// two alike, the configuration's hash tells.
std::vector<std::string> variant_details(const Variants& variants) {
  if (auto names = variant_names(variants); !names.empty()) return names;
  std::vector<std::string> details;
  for (const auto& [lines, runs] : variants) details.push_back(distinguishing_lines(lines, variants));
  const std::vector<std::string> plain = details;
  size_t i = 0;
  for (const auto& [lines, runs] : variants) {
    if (std::count(plain.begin(), plain.end(), plain[i]) > 1)
      details[i] += fmt::format(", configuration {}", sha256(fmt::format("{}", fmt::join(lines, "\n"))).substr(0, 6));
    ++i;
  }
  return details;
}

// Keeps the newest run of every seed.
Arm make_arm(const std::vector<const Run*>& runs, std::vector<const Run*>& superseded) {
  std::map<uint64_t, const Run*> newest;
  for (const Run* run : runs) {
    auto [place, is_new] = newest.try_emplace(run->record.seed, run);
    if (!is_new) superseded.push_back(std::exchange(place->second, run));
  }
  Arm arm{.method = runs[0]->record.method, .label = method_label(runs[0]->record.method), .runs = {}};
  for (const auto& [seed, run] : newest) arm.runs.push_back(run);
  return arm;
}

void add_arms(Setting& setting, const std::vector<const Run*>& runs) {
  std::map<std::pair<int, std::string>, Variants> methods;
  for (const Run* run : runs) {
    const auto& record = run->record;
    methods[{method_rank(record.method), record.method}][variant_lines(record)].push_back(run);
  }
  for (const auto& [method, variants] : methods) {
    const auto details = variant_details(variants);
    size_t i = 0;
    for (const auto& [lines, variant_runs] : variants) {
      Arm arm = make_arm(variant_runs, setting.superseded);
      if (variants.size() > 1) arm.label += " (" + details[i] + ")";
      setting.arms.push_back(std::move(arm));
      ++i;
    }
  }
}

void add_title(Setting& setting, const std::vector<Setting>& all) {
  const auto differs = [&](auto member) {
    return std::any_of(all.begin(), all.end(), [&](const Setting& s) { return s.*member != setting.*member; });
  };
  std::string title;
  if (differs(&Setting::experiment)) title += setting.experiment + ", ";
  if (differs(&Setting::model)) title += setting.model + ", ";
  if (differs(&Setting::checkpoint_hash)) title += "checkpoint " + setting.checkpoint_hash.substr(0, 8) + ", ";
  setting.title = title + setting.bits;
}

}  // namespace

std::vector<Setting> make_settings(const std::vector<Run>& runs) {
  std::map<Origin, std::map<std::string, std::vector<const Run*>, std::greater<>>> quantised;  // W4A4 before W3A3
  std::map<Origin, std::map<std::string, std::vector<const Run*>, std::greater<>>> unquantised;
  const auto twins = backend_twins(runs);
  for (const auto& run : runs) {
    if (std::any_of(twins.begin(), twins.end(), [&](const auto& pair) { return pair.integer == &run; })) continue;
    const auto& record = run.record;
    const Origin origin{record.experiment, record.model, record.checkpoint_hash};
    (record.method == "none" ? unquantised : quantised)[origin][record.bits].push_back(&run);
    if (record.method == "none" && !quantised.contains(origin)) quantised[origin];
  }
  std::vector<Setting> settings;
  for (auto& [origin, by_bits] : quantised) {
    auto& references = unquantised[origin];
    if (by_bits.empty()) by_bits["16-bit"];
    for (auto& [bits, members] : by_bits) {
      // The 16-bit model belongs to every bit width, unless it was recorded once for each.
      for (const auto& [its_bits, its_runs] : references)
        if (its_bits == bits || !references.contains(bits))
          members.insert(members.end(), its_runs.begin(), its_runs.end());
      Setting setting{.experiment = std::get<0>(origin),
                      .model = std::get<1>(origin),
                      .checkpoint_hash = std::get<2>(origin),
                      .bits = bits,
                      .title = {},
                      .arms = {},
                      .columns = {},
                      .groups = {},
                      .scores = {},
                      .subsets = {},
                      .superseded = {}};
      add_arms(setting, members);
      add_columns(setting);
      settings.push_back(std::move(setting));
    }
  }
  for (auto& setting : settings) add_title(setting, settings);
  return settings;
}

}  // namespace freeact
