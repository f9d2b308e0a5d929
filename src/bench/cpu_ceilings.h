// What no code on this processor can do faster: integer products that read no memory, and reading memory.
#pragma once

#include <cstdint>

#include "latency/measure.h"

namespace freeact {

// Whether integer products have an instruction here whose peak is known (AVX-512 VNNI).
bool has_int8_peak();

// Reads how fast the processor is: integer products where it has_int8_peak(), else plain integer arithmetic, for about
// a tenth of a millisecond.
double processor_speed();

// The number of 8-bit multiplications and additions, as fast as the processor does any. Needs has_int8_peak().
void run_int8_operations(double operations);

// Brings every cache line of the bytes to the processor once, in order.
void read_memory(const void* bytes, int64_t size);

// Copies of all that one round of rivals reads: enough that twice the last-level cache goes by before the same bytes
// are read again, and no more than 4 GiB. cache_bytes 0: unknown, taken as 64 MiB.
int64_t num_cold_copies(int64_t round_bytes, int64_t cache_bytes);

}  // namespace freeact
