// Cells whose model is one that `freeact quantize` saved: it is quantised already, so that an experiment has to ask for
// what the folder holds.
#pragma once

#include <string>

#include "artefact/format.h"
#include "config/plan.h"
#include "prompt/loaded_model.h"
#include "run/project.h"

namespace freeact {

// The method of an experiment that takes method, grids, calibration, token types and dtype from the folder.
inline constexpr const char* kSavedMethod = "saved";

// What methods calibrate in and quantised models compute in, whatever the dtype of the 16-bit model.
inline constexpr const char* kQuantisedDtype = "float32";

// How the model of a cell comes about, for its folder; the cell's settings are resolved.
nlohmann::json made_by(const Cell& cell, const std::string& checkpoint_hash, const std::string& suite_version);
SavedFormat saved_format(const Experiment& experiment);

// Where model.path holds a saved model: the cell, its resolved settings telling which; with the method "saved" it asks
// for what the folder holds from now on. Other cells stay. Throws UserError where "saved" finds no such folder, or
// where the command line asks for a grid or a calibration that the folder does not hold.
Cell with_saved_settings(Cell cell, const Project& project);

// Throws UserError naming both where the cell asks for something else than what the saved model is. The seed is not
// compared: beyond the calibration it is that of the evaluation.
void check_saved(const Cell& cell, const nlohmann::json& saved);

}  // namespace freeact
