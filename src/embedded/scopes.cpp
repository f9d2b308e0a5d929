#include "embedded/scopes.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace freeact {

void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kStep = 256 << 20, kNever = 1 << 30;
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TOP_PAD, kStep);
  mallopt(M_TRIM_THRESHOLD, kNever);
#endif
}

}  // namespace freeact
