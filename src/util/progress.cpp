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

void Progress::show(bool force) {
  const double now = watch_.seconds();
  if (quiet_ || (!force && now - last_shown_s_ < (terminal_ ? 0.1 : plain_interval_s_))) return;
  last_shown_s_ = now;
  const double rate = static_cast<double>(done_) / std::max(now, 1e-9);
  const double left = rate > 0 ? static_cast<double>(total_ - done_) / rate : 0;
  const std::string line =
      fmt::format("{} {}/{}  {:.3g}/s  {} left  {}", title_, done_, total_, rate, format_duration(left), note_);
  if (terminal_)
    fmt::print(stderr, "\r\x1b[K{}", line.substr(0, 118));
  else
    fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

}  // namespace freeact
