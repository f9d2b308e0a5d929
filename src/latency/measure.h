// Timing rivals against each other on a machine that others use too: all take turns in one process, so that whatever
// slows the machine slows each of them, and a round's times can be compared as a pair.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace freeact {

// One way of doing a piece of work. run() does it once and returns when it is done: a rival that only queues work, as
// on a GPU, waits for it before it returns.
struct Rival {
  std::string name;
  std::function<void()> run;
  std::function<void()> prepare = {};  // before every run, not timed; may be null
};

// Seconds from an arbitrary origin.
using Clock = std::function<double()>;
double wall_seconds();
// Time this thread was computing: deaf to other programs, but also to threads that the work starts.
double thread_cpu_seconds();

// A round times every rival once.
struct MeasureSettings {
  int64_t warm_up_rounds = 1;  // not timed
  int64_t rounds = 0;          // 0: at least min_rounds, then until min_time_s have been measured, at most max_rounds
  int64_t min_rounds = 10;
  int64_t max_rounds = 1000;
  double min_time_s = 5;  // of all rivals together
};

struct Measurement {
  std::string name;
  std::vector<double> seconds;    // one a round; the same round stands at the same index for all rivals
  int64_t peak_extra_bytes = -1;  // memory that the last warm-up run needed on top (memory.h); -1: unknown
  int64_t peak_bytes = -1;        // memory of the whole process at its highest in that run; -1: unknown
  std::vector<double> speeds;     // one a round: the lower of the probe's before and after it; empty without a probe
};

// How fast the processor is right now, as operations per second of some fixed work that touches no memory.
using SpeedProbe = std::function<double()>;

// In the order of the rivals. clock may be replaced in tests. The probe may be null; it runs between all rivals.
std::vector<Measurement> measure(const std::vector<Rival>& rivals, const MeasureSettings& settings,
                                 const Clock& clock = wall_seconds, const SpeedProbe& probe = {});

// A sample counts when the processor ran at least at this share of its median speed before and after it.
inline constexpr double kLeastSpeed = 0.9;

// Which of a rival's rounds count. All do where nothing was probed. The median is the rival's own: processors lower
// their clock for some instructions, so that the speed after them is part of what these cost.
std::vector<bool> undisturbed_rounds(const Measurement& measured);

// A probed rival's median speed as a share of that of all.
double relative_speed(const Measurement& own, const std::vector<Measurement>& measured);

// Which rival runs when: each round starts with the next one, and every second round goes backwards, so that nobody
// always runs after the same neighbour.
std::vector<size_t> order_of_round(int64_t round, size_t num_rivals);

}  // namespace freeact
