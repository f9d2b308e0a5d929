#include "kernel/cpu/vnni_peak.h"

#include <time.h>

#include <algorithm>

#include "util/instruction_set.h"

namespace freeact {
namespace {

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

double vnni_peak_operations_per_second() {
#if defined(__x86_64__)
  if (instruction_set() != InstructionSet::kAvx512Vnni) return 0;
  constexpr int64_t kRounds = 60'000;  // about half a millisecond: shorter than a time slice
  constexpr int kBursts = 20;
  double best = 0;
  for (int i = 0; i < kBursts; ++i) {
    const double begin = thread_cpu_seconds();
    vnni_burst(kRounds);
    best = std::max(best, static_cast<double>(vnni_burst_operations(kRounds)) / (thread_cpu_seconds() - begin));
  }
  return best;
#else
  return 0;
#endif
}

}  // namespace freeact
