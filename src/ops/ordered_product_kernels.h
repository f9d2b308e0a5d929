// ordered_product by instruction set. Built with flags of their own, so that nothing but plain arrays may cross.
#pragma once

#include <cstdint>

namespace freeact {

// a [m, k], b [k, n], c [m, n]: see ops/ordered_product.h.
void ordered_product_portable(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k);
void ordered_product_avx2(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k);
void ordered_product_avx512(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k);

}  // namespace freeact
