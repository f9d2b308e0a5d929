// How a training went.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace freeact {

struct TrainingPoint {
  int64_t step = 0;
  double seconds = 0;                     // of training so far
  int64_t tokens = 0;                     // so far
  std::map<std::string, double> losses;   // mean since the point before, by part of the data, nats
  std::map<std::string, double> metrics;  // where an evaluation was due: "exact_match sort", "nll bible.txt 0.5"

  bool operator==(const TrainingPoint&) const = default;
};

// One recipe's training; recipe and name are its key.
struct TrainingCurve {
  std::string name;
  std::string recipe_hash;
  int64_t steps = 0;           // planned
  std::string machine;         // that trained last; "": not known
  std::string source_version;  // likewise
  std::vector<TrainingPoint> points;

  bool operator==(const TrainingCurve&) const = default;
};

}  // namespace freeact
