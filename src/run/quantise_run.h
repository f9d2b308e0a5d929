// Calibrates one cell of an experiment and saves the quantised model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "method/method.h"
#include "run/project.h"

namespace freeact {

struct QuantiseRequest {
  std::string experiment;
  std::vector<std::string> overrides;
  std::filesystem::path folder;  // where the model goes
  bool force = false;            // replaces a saved model that is there
  bool json = false;             // a JSON line on stdout
  bool quiet = false;
};

// Throws UserError where the experiment has several cells, none that quantises, or what the format has no place for.
// When it is killed, the same command goes on with the block it was at: finished ones are in FOLDER.progress.
void quantise_experiment(const QuantiseRequest& request, const Project& project, const MethodTable& methods);

}  // namespace freeact
