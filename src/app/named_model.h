// A model as the command line names it.
#pragma once

#include <filesystem>
#include <string>

#include "config/experiment.h"

namespace freeact {

// name: a checkpoint folder, or a choice of experiments/model. family and dtype replace what that file says, where they
// are not empty; a folder's family follows from its config.json. Throws UserError when the name is neither.
ModelConfig named_model(const std::string& name, const std::string& family, const std::string& dtype);

}  // namespace freeact
