// Where what is not in the repository lies: converted models and data sets of third parties.
#pragma once

#include <filesystem>
#include <string>

namespace freeact {

// $XDG_CACHE_HOME/freeact, else ~/.cache/freeact; need not exist. Throws EnvironmentError when neither variable is set.
std::filesystem::path cache_folder();

// The folder of an external data set: below $FREEACT_DATA where that holds it, else below cache_folder()/data.
std::filesystem::path data_folder(const std::string& name);

}  // namespace freeact
