// The reference file of the gate: what was measured, seed by seed, and the band that each metric is held to. Its form
// is described in docs/regression.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gate/arms.h"
#include "gate/band.h"
#include "util/fields.h"

namespace freeact {

inline constexpr int kReferenceFormat = 1;

struct ReferenceMetric {
  std::string name;
  std::string unit;
  bool higher_is_better = false;
  std::string scale;
  int64_t items = 0;
  double mean = 0;
  double spread = 0;
  std::vector<double> band;    // low and high; empty where one seed tells no spread
  std::vector<double> values;  // in the order of the arm's seeds

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("name", name, "as gate/arms.h names it");
    visit("unit", unit, "");
    visit("higher_is_better", higher_is_better, "");
    visit("scale", scale, "share, ratio or linear");
    visit("items", items, "answers or tokens behind one value");
    visit("mean", mean, "over the seeds; of ratios the geometric mean");
    visit("spread", spread, "standard deviation from seed to seed; of ratios that of their logarithms");
    visit("band", band, "low and high: where the mean of new seeds must lie");
    visit("values", values, "one a seed");
  }
};

struct ReferenceArm {
  std::string experiment, model, arm, bits, backend;
  std::string settings;
  std::string machine;  // empty where several measured it: nothing is compared exactly then
  std::vector<uint64_t> seeds;
  std::vector<ReferenceMetric> metrics;

  ArmName name() const { return {experiment, model, arm, bits, backend}; }

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("experiment", experiment, "");
    visit("model", model, "");
    visit("arm", arm, "what the experiment calls the method's configuration");
    visit("bits", bits, "");
    visit("backend", backend, "");
    visit("settings", settings, "hash of configuration and checkpoint, without the seed");
    visit("machine", machine, "");
    visit("seeds", seeds, "");
    visit("metrics", metrics, "");
  }
};

struct Reference {
  int format = kReferenceFormat;
  std::string about;
  std::string source_version;
  double false_alarm_rate = 0.01;
  double level = 0;
  int seeds_compared = 1;
  std::vector<ReferenceArm> arms;

  template <typename Visitor>
  void fields(Visitor& visit) {
    visit("format", format, "version of this file's form");
    visit("about", about, "for people");
    visit("source_version", source_version, "of the sources that measured it");
    visit("false_alarm_rate", false_alarm_rate,
          "chance that any metric of the file leaves its band though nothing changed");
    visit("level", level, "the same for one metric: the rate divided by the number of metrics (Bonferroni)");
    visit("seeds_compared", seeds_compared, "new seeds that the bands are stated for");
    visit("arms", arms, "");
  }
};

// Metrics that are not finite in every seed, or that some seed lacks, are left out and named in `left_out`.
Reference make_reference(const std::vector<MeasuredArm>& arms, double false_alarm_rate, int seeds_compared,
                         std::vector<std::string>& left_out);

// A metric a line, so that a change of it is a line of a diff.
std::string write_reference(const Reference& reference);

// Throws UserError, naming file and key, when it is none of ours or contradicts itself.
Reference read_reference(const std::filesystem::path& path);

}  // namespace freeact
