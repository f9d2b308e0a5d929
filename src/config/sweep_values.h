// Values of a sweep's axis that are told by a function instead of a list.
//
//   range(STOP), range(START, STOP), range(START, STOP, STEP)   numbers; STOP itself is left out
//   glob(PATTERN, PATTERN...)                                   the files of a group that fit a pattern with * and ?,
//                                                               !PATTERN takes away what fits
#pragma once

#include <string>
#include <vector>

#include "util/fields.h"

namespace freeact {

bool is_sweep_function(const std::string& text);

// What the function stands for, in order; choices are the names that glob() chooses from. Throws UserError, with the
// place in front, on a malformed function and where it stands for nothing.
std::vector<Json> sweep_function_values(const std::string& text, const std::vector<std::string>& choices,
                                        const std::string& place);

}  // namespace freeact
