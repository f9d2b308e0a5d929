#include "generation/acceleration.h"

#include <algorithm>
#include <vector>

#include "util/error.h"
#include "util/suggest.h"

namespace freeact {

void check_settings(const Acceleration& acceleration) {
  static const std::vector<std::string> caches = {"dual", "none", "prefix"};
  if (std::find(caches.begin(), caches.end(), acceleration.kv_cache) == caches.end())
    throw UserError(unknown_name("acceleration.kv_cache", acceleration.kv_cache, caches));
  if (!(acceleration.threshold >= 0 && acceleration.threshold < 1))
    throw UserError("acceleration.threshold must be at least 0 (off) and below 1, but is {}", acceleration.threshold);
}

}  // namespace freeact
