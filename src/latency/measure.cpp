#include "latency/measure.h"

#include <algorithm>
#include <ctime>

#include "latency/memory.h"
#include "latency/summary.h"
#include "util/error.h"

namespace freeact {
namespace {

double seconds_of(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void check(const std::vector<Rival>& rivals, const MeasureSettings& s) {
  FREEACT_CHECK(!rivals.empty(), "nobody to measure");
  if (s.rounds < 0 || s.warm_up_rounds < 0) throw UserError("rounds and warm-up rounds must be zero or more");
  if (!(s.min_time_s >= 0)) throw UserError("the least measuring time must be zero or more, but is {}", s.min_time_s);
}

bool wants_another(int64_t done, double measured_s, const MeasureSettings& s) {
  if (s.rounds > 0) return done < s.rounds;
  return done < s.min_rounds || (done < s.max_rounds && measured_s < s.min_time_s);
}

void warm_up(const std::vector<Rival>& rivals, const MeasureSettings& settings, std::vector<Measurement>& results) {
  for (int64_t round = 0; round < settings.warm_up_rounds; ++round)
    for (size_t i = 0; i < rivals.size(); ++i) {
      const PeakMemory memory;
      if (rivals[i].prepare) rivals[i].prepare();
      rivals[i].run();
      results[i].peak_extra_bytes = memory.extra_bytes();
      results[i].peak_bytes = resident_memory().peak_bytes;
    }
}

// The probe's last reading, which stands behind one sample and before the next.
class SpeedWatch {
 public:
  explicit SpeedWatch(const SpeedProbe& probe) : probe_(probe), last_(probe ? probe() : 0) {}
  // After a sample: adds its speed.
  void note(std::vector<double>& speeds) {
    if (!probe_) return;
    const double now = probe_();
    speeds.push_back(std::min(last_, now));
    last_ = now;
  }

 private:
  const SpeedProbe& probe_;
  double last_;
};

}  // namespace

double wall_seconds() {
  return seconds_of(CLOCK_MONOTONIC);
}

double thread_cpu_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

std::vector<size_t> order_of_round(int64_t round, size_t num_rivals) {
  const size_t first = static_cast<size_t>(round) % num_rivals;
  const size_t step = round % 2 == 0 ? 1 : num_rivals - 1;
  std::vector<size_t> order;
  for (size_t i = 0; i < num_rivals; ++i) order.push_back((first + i * step) % num_rivals);
  return order;
}

std::vector<Measurement> measure(const std::vector<Rival>& rivals, const MeasureSettings& settings, const Clock& clock,
                                 const SpeedProbe& probe) {
  check(rivals, settings);
  std::vector<Measurement> results;
  for (const Rival& rival : rivals) results.push_back({.name = rival.name, .seconds = {}, .speeds = {}});
  warm_up(rivals, settings, results);
  SpeedWatch watch(probe);
  double measured_s = 0;
  for (int64_t round = 0; wants_another(round, measured_s, settings); ++round)
    for (const size_t i : order_of_round(round, rivals.size())) {
      if (rivals[i].prepare) rivals[i].prepare();
      const double begin = clock();
      rivals[i].run();
      results[i].seconds.push_back(clock() - begin);
      measured_s += results[i].seconds.back();
      watch.note(results[i].speeds);
    }
  return results;
}

std::vector<bool> undisturbed_rounds(const Measurement& measured) {
  std::vector<bool> rounds(measured.seconds.size(), true);
  if (measured.speeds.empty()) return rounds;
  const double least = kLeastSpeed * quantile(measured.speeds, 0.5);
  for (size_t i = 0; i < rounds.size(); ++i) rounds[i] = measured.speeds[i] >= least;
  return rounds;
}

double relative_speed(const Measurement& own, const std::vector<Measurement>& measured) {
  std::vector<double> all;
  for (const Measurement& m : measured) all.insert(all.end(), m.speeds.begin(), m.speeds.end());
  return quantile(own.speeds, 0.5) / quantile(all, 0.5);
}

}  // namespace freeact
