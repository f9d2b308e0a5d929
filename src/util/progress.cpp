#include "util/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace freeact {

std::string format_duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f}s", seconds);
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m {:02}s", whole / 60, whole % 60);
  return fmt::format("{}h {:02}m", whole / 3600, whole / 60 % 60);
}

Progress::Progress(std::string title, int64_t total, bool quiet, double plain_interval_s)
    : title_(std::move(title)),
      total_(total),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) != 0),
      plain_interval_s_(plain_interval_s) {}

Progress::~Progress() {
  if (!quiet_ && terminal_ && last_shown_s_ > 0) fmt::print(stderr, "\r\x1b[K");
}

void Progress::advance(int64_t steps, std::string_view note) {
  const std::lock_guard lock(mutex_);
  done_ += steps;
  note_ = note;
  show(done_ >= total_);
}

void Progress::say(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (quiet_) return;
  fmt::print(stderr, "{}{}\n", terminal_ ? "\r\x1b[K" : "", line);
  if (terminal_) show(true);
}

// "12.3/s  1m 05s left"; what takes longer than a second each is told by its time. Nothing is known before the first.
std::string Progress::pace(double seconds) const {
  if (done_ == 0) return format_duration(seconds) + " so far";
  const double each = seconds / static_cast<double>(done_);
  const std::string rate =
      each < 1 ? fmt::format("{:.3g}/s", 1 / std::max(each, 1e-9)) : format_duration(each) + " each";
  return rate + "  " + format_duration(static_cast<double>(total_ - done_) * each) + " left";
}

void Progress::show(bool force) {
  const double now = watch_.seconds();
  if (quiet_ || (!force && now - last_shown_s_ < (terminal_ ? 0.1 : plain_interval_s_))) return;
  last_shown_s_ = now;
  const std::string line = fmt::format("{} {}/{}  {}  {}", title_, done_, total_, pace(now), note_);
  if (terminal_)
    fmt::print(stderr, "\r\x1b[K{}", line.substr(0, 118));
  else
    fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

}  // namespace freeact
