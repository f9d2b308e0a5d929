// In which order diffusion models write their answers.
#pragma once

#include <optional>
#include <vector>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// One for each task whose runs kept orders: its first two items, of each arm the answer of its first seed that has one.
std::vector<UnmaskingMap> unmasking_maps(const Setting& setting);

// How far the order goes from left to right, and how far it is the 16-bit model's, of each arm over the items that kept
// one. Nothing without any.
std::optional<Table> unmasking_table(const Setting& setting);

}  // namespace freeact
