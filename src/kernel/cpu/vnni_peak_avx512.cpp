// Independent chains of VPDPBUSD, more than the instruction's latency times the units that execute it.
#if defined(__x86_64__)

#include <immintrin.h>

#include "kernel/cpu/vnni_peak.h"

namespace freeact {
namespace {

constexpr int kChains = 24;
constexpr int64_t kOperations = 2 * 64;  // of one instruction

}  // namespace

int64_t vnni_burst_operations(int64_t rounds) {
  return rounds * kChains * kOperations;
}

void vnni_burst(int64_t rounds) {
  __m512i sums[kChains];
  const __m512i left = _mm512_set1_epi32(0x0b050d03), right = _mm512_set1_epi32(0x07fe03f9);
#pragma GCC unroll 24
  for (int c = 0; c < kChains; ++c) sums[c] = _mm512_set1_epi32(c);
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 24
    for (int c = 0; c < kChains; ++c) sums[c] = _mm512_dpbusd_epi32(sums[c], left, right);
#pragma GCC unroll 24
  for (int c = 0; c < kChains; ++c) asm volatile("" : : "v"(sums[c]));  // the results count as used
}

}  // namespace freeact

#endif
