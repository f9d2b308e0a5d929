// Arguments of the command line that change an experiment.
//
//   KEY=VALUE     sets a key ("quant.w_bits=3") or chooses a file of a group ("method=rtn"); several values are a sweep
//   +KEY=VALUE    the same, of a key that is not set yet; ++KEY=VALUE whether or not it is
//   ~KEY          forgets what the experiment says about a key, a group or an axis of its sweep
//   ~KEY=VALUE    the same, provided that this is what it says
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

enum class Change { kSet, kAdd, kDrop };

struct Override {
  Change change = Change::kSet;
  Axis axis;  // without values where a key is dropped whatever it is
};

// One value per element between commas outside brackets and quotes; a function of sweep_values.h is one value. Throws
// UserError on an argument without "=", an empty element, a malformed value, or a key given twice.
std::vector<Override> parse_overrides(const std::vector<std::string>& arguments);

}  // namespace freeact
