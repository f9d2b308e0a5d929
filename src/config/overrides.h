// Arguments of the command line that change an experiment: "method=rtn", "quant.w_bits=3", "seed=1,2,3".
#pragma once

#include <string>
#include <vector>

#include "util/fields.h"

namespace freeact {

inline constexpr const char* kCommandLine = "command line";

// A key and the values it takes, one cell for each; the key is a group ("method") or a dotted path ("quant.w_bits").
struct Axis {
  std::string key;
  std::vector<Json> values;
  std::string place;
};

// One value per element between commas outside brackets and quotes. Throws UserError on an argument without "=", an
// empty element, a malformed value, or a key given twice.
std::vector<Axis> parse_overrides(const std::vector<std::string>& arguments);

}  // namespace freeact
