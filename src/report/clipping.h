// The clipping policy of a run, as its configuration states it.
#pragma once

#include <string>

#include "store/record.h"

namespace freeact {

// Of weights / of activations: "searched / fixed 0.9"; "searched, GPTQ / fixed 0.9" where weights are not rounded to
// nearest. "" for a model that is not quantised.
std::string clipping_policy(const RunRecord& run);

}  // namespace freeact
