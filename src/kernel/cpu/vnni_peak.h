// The ceiling that integer kernels are measured against.
#pragma once

#include <cstdint>

namespace freeact {

// Int8 operations (a product and its sum are two) a second of this thread with AVX-512 VNNI, from registers alone: the
// best of short bursts, by the thread's processor time, about 10 ms in all. 0 where the processor, or the environment
// (util/instruction_set.h), has no AVX-512 VNNI. Blind to a neighbour on the same core: it needs few of the core's
// issue slots, of which kernels need more.
double vnni_peak_operations_per_second();

// Of one burst of `rounds`, for the above; vnni_peak_avx512.cpp.
int64_t vnni_burst_operations(int64_t rounds);
void vnni_burst(int64_t rounds);

}  // namespace freeact
