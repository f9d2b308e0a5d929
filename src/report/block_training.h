// How the blocks of each arm were trained: losses over layers, and what went astray.
#pragma once

#include <optional>
#include <string>

#include "report/analysis.h"
#include "report/document.h"

namespace freeact {

// Loss of each layer at the start and at the end of training, mean over seeds, a panel for each arm that trains.
// Nothing when no run recorded a training.
std::optional<Figure> block_training_figure(const Setting& setting);
// A row for each warning. Nothing when there is none.
std::optional<Table> training_warning_table(const Setting& setting);

// For `freeact show`: a line that sums up, the warnings, and the sites whose transforms are worst conditioned. "" when
// nothing was trained.
std::string describe_block_trainings(const RunRecord& run);

}  // namespace freeact
