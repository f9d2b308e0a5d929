#include "ops/ordered_product.h"

#include <algorithm>
#include <cmath>

#include "ops/ordered_product_kernels.h"
#include "util/instruction_set.h"

namespace freeact {

void ordered_product_portable(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k) {
  std::fill_n(c, m * n, 0.0f);
  for (int64_t row = 0; row < m; ++row)
    for (int64_t i = 0; i < k; ++i)
      for (int64_t column = 0; column < n; ++column)
        c[row * n + column] = std::fma(a[row * k + i], b[i * n + column], c[row * n + column]);
}

void ordered_product(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k) {
#if defined(__x86_64__)
  if (instruction_set() == InstructionSet::kAvx512Vnni) return ordered_product_avx512(a, b, c, m, n, k);
  if (instruction_set() == InstructionSet::kAvx2) return ordered_product_avx2(a, b, c, m, n, k);
#endif
  ordered_product_portable(a, b, c, m, n, k);
}

}  // namespace freeact
