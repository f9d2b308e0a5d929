#include "run/workers.h"

#include <ATen/Parallel.h>

#include "util/side_by_side.h"

namespace freeact {

void run_side_by_side(size_t count, int workers, const std::function<void(size_t)>& work) {
  run_side_by_side(
      count, static_cast<size_t>(workers), [&](size_t, size_t i) { work(i); }, [] { at::set_num_threads(1); });
}

}  // namespace freeact
