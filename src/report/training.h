// How the embedded models were trained, from the curves in the store.
#pragma once

#include <string>
#include <vector>

#include "report/document.h"
#include "store/training.h"

namespace freeact {

// A sentence for each curve: what was trained, how long, where it ended.
std::vector<std::string> training_sentences(const std::vector<TrainingCurve>& curves);
// One for each curve with points.
std::vector<Figure> training_figures(const std::vector<TrainingCurve>& curves);
// Long format with full precision: a row for every curve, step and number.
Table training_rows(const std::vector<TrainingCurve>& curves);

}  // namespace freeact
