// Matrix products whose every element is summed in the same order of rounded steps, whatever the number of rows, the
// blocking, the threads and the instruction set: what simulated and integer sites both compute before they round to
// their grids, so that both round alike.
#pragma once

#include <cstdint>

namespace freeact {

// c [m, n] = a [m, k] b [k, n], all contiguous: c_ij = fma(a_i(k-1), b_(k-1)j, ... fma(a_i0, b_0j, 0)). On the calling
// thread. c overlaps neither a nor b.
void ordered_product(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k);

}  // namespace freeact
