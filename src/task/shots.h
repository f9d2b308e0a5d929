// Which solved examples stand in front of each item.
#pragma once

#include <cstdint>
#include <vector>

#include "task/task.h"

namespace freeact {

// For each of num_items items, the positions of its examples among num_examples. An item that is among the examples
// (is_own: both are one list) is not one of its own. Throws UserError when there are too few.
std::vector<std::vector<int64_t>> draw_shots(const ShotSettings& shots, int64_t count, int64_t num_items,
                                             int64_t num_examples, bool is_own);

}  // namespace freeact
