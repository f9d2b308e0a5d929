// What one stream leaves behind: how far a calibrated model is off before and after its data change, with and without
// adapting to them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace freeact {

// The outputs of one site over the tokens of one type in one window, as one arm has them.
struct StreamPoint {
  std::string arm;  // "frozen", "means", "means+directions", "recalibrated"
  int window = 0;
  std::string data;  // what the window is drawn from: "language_puzzles"
  int layer = 0;
  std::string site;
  std::string token_type;
  double relative_error = 0;  // ||y_hat - y||^2 / ||y||^2, measured before the arm learnt anything from the window
  double drift = 0;           // once the window is learnt, since the arm's directions were last chosen; NaN: none kept
  int64_t tokens = 0;

  bool operator==(const StreamPoint&) const = default;
};

struct StreamRecord {
  std::string key;  // hash of everything that determines the result
  std::string experiment;
  std::string model;
  std::string method;
  std::string bits;  // "W4A4"
  uint64_t seed = 0;
  int shift_at = 0;             // the first window of the new data
  std::string resolved_config;  // YAML
  std::string source_version;
  std::string checkpoint_hash;
  std::string machine;     // one line: CPU, cores, threads, operating system
  std::string started_at;  // UTC, ISO 8601
  double seconds = 0;      // of all of it
  std::vector<StreamPoint> points;

  bool operator==(const StreamRecord&) const = default;
};

// The arms, in order of first appearance.
std::vector<std::string> stream_arms(const StreamRecord& stream);

// Of one arm's errors or drifts: the mean over layers, sites and token types (or of one type) in every window, then
// over the windows begin <= window < end. NaN where there are none.
double mean_of_stream(const StreamRecord& stream, double StreamPoint::*value, const std::string& arm, int begin,
                      int end, const std::string& token_type = "");

}  // namespace freeact
