// The clipping policy of a run, as its configuration states it.
#pragma once

#include <string>

#include "store/record.h"

namespace freeact {

// Of weights / of activations: "searched / fixed 0.9". "" for a model that is not quantised.
std::string clipping_policy(const RunRecord& run);

}  // namespace freeact
