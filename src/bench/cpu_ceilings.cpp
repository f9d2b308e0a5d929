#include "bench/cpu_ceilings.h"

#include <algorithm>

#include "kernel/cpu/vnni_peak.h"
#include "util/instruction_set.h"

namespace freeact {
namespace {

constexpr int64_t kProbeRounds = 12'000;  // of vnni_burst(), about a tenth of a millisecond
constexpr int64_t kPlainSteps = 300'000;  // likewise
constexpr int64_t kMostBytes = int64_t{4} << 30;
constexpr int64_t kUnknownCache = int64_t{64} << 20;

#if defined(__x86_64__)
int64_t burst_operations(int64_t rounds) {
  return vnni_burst_operations(rounds);
}
void burst(int64_t rounds) {
  vnni_burst(rounds);
}
#else
int64_t burst_operations(int64_t rounds) {
  return rounds;
}
void burst(int64_t) {}
#endif

// A chain in which every step needs the one before it.
void plain_arithmetic(int64_t steps) {
  uint64_t state = 1;
  for (int64_t i = 0; i < steps; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(state));
  }
}

}  // namespace

bool has_int8_peak() {
#if defined(__x86_64__)
  return instruction_set() == InstructionSet::kAvx512Vnni;
#else
  return false;
#endif
}

double processor_speed() {
  const bool integer_products = has_int8_peak();
  const double begin = thread_cpu_seconds();
  if (integer_products)
    burst(kProbeRounds);
  else
    plain_arithmetic(kPlainSteps);
  const double seconds = thread_cpu_seconds() - begin;
  return static_cast<double>(integer_products ? burst_operations(kProbeRounds) : kPlainSteps) / seconds;
}

void run_int8_operations(double operations) {
  burst(std::max<int64_t>(1, static_cast<int64_t>(operations / static_cast<double>(burst_operations(1)))));
}

void read_memory(const void* bytes, int64_t size) {
  constexpr int64_t kLine = 64 / sizeof(uint64_t);  // words of a cache line
  const auto* words = static_cast<const uint64_t*>(bytes);
  const int64_t count = size / static_cast<int64_t>(sizeof(uint64_t));
  uint64_t sums[4] = {};
  for (int64_t i = 0; i < count; i += 4 * kLine)
    for (int64_t line = 0; line < 4; ++line) sums[line] += words[std::min(i + line * kLine, count - 1)];
  asm volatile("" : : "r"(sums[0] + sums[1] + sums[2] + sums[3]));  // the sum counts as used
}

int64_t num_cold_copies(int64_t round_bytes, int64_t cache_bytes) {
  const int64_t wanted = 2 * (cache_bytes > 0 ? cache_bytes : kUnknownCache);
  const int64_t copies = (wanted + round_bytes - 1) / round_bytes;
  return std::max<int64_t>(1, std::min(copies, kMostBytes / round_bytes));
}

}  // namespace freeact
