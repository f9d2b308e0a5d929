// References inside text values.
#pragma once

#include "config/tree.h"

namespace freeact {

// Replaces "${dotted.key}" by the value of that key, "${env:NAME}" by that environment variable, "${cache:NAME}" by the
// path of an imported model and "${data:NAME}" by that of an external data set (util/cache.h). A text that is one
// reference and nothing else takes the value with its type. Throws UserError, with the place, on an unknown key, a
// missing variable, an unclosed reference, or keys that refer to each other in a circle.
void interpolate(Tree& tree);

}  // namespace freeact
