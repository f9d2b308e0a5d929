// Progress of long work: one line that rewrites itself on a terminal, plain lines elsewhere, both on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace freeact {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// "1m 05s", "42s", "0.3s"
std::string format_duration(double seconds);

// Thread safe. Shows done/total, rate and time left; on a terminal at most ten times a second, elsewhere every
// plain_interval_s seconds.
class Progress {
 public:
  // quiet: shows nothing.
  Progress(std::string title, int64_t total, bool quiet = false, double plain_interval_s = 20.0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t steps = 1, std::string_view note = "");
  // Prints a full line above the progress line.
  void say(std::string_view line);

 private:
  std::string pace(double seconds) const;
  void show(bool force);

  const std::string title_;
  const int64_t total_;
  const bool quiet_;
  const bool terminal_;
  const double plain_interval_s_;
  std::mutex mutex_;
  Stopwatch watch_;
  double last_shown_s_ = 0;
  int64_t done_ = 0;
  std::string note_;
};

}  // namespace freeact
