// Where the project's own files are.
#pragma once

#include <filesystem>
#include <string>

namespace freeact {

struct Project {
  std::filesystem::path root;
  std::filesystem::path experiments() const { return root / "experiments"; }
  std::filesystem::path datasets() const { return root / "datasets"; }
  // A path of an experiment: relative ones count from the root.
  std::filesystem::path resolve(const std::string& path) const;

  // FREEACT_HOME where it is set, else the first folder above the program or the working directory that holds
  // experiments/config.yaml. Throws EnvironmentError when there is none.
  static Project find();
};

}  // namespace freeact
