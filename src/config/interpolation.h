// References inside text values.
#pragma once

#include "config/tree.h"
#include "util/error.h"

namespace freeact {

// An experiment asks for an environment variable that is not set: nothing is wrong with its files.
class MissingVariable : public UserError {
 public:
  using UserError::UserError;
};

// Replaces "${dotted.key}" by the value of that key, "${env:NAME}" by that environment variable, "${cache:NAME}" by the
// path of an imported model and "${data:NAME}" by that of an external data set (util/cache.h). A text that is one
// reference and nothing else takes the value with its type. Throws UserError, with the place, on an unknown key, an
// unclosed reference, or keys that refer to each other in a circle, MissingVariable on a variable that is not set.
void interpolate(Tree& tree);

}  // namespace freeact
