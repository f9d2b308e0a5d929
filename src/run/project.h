// Where the project's own files are.
#pragma once

#include <filesystem>
#include <string>

namespace freeact {

struct Project {
  std::filesystem::path root;
  // Whether it came with an installed program: it is not the user's, who works elsewhere.
  bool installed = false;

  std::filesystem::path experiments() const { return root / "experiments"; }
  std::filesystem::path datasets() const { return root / "datasets"; }
  // Takes what runs write where nothing else is said: results/local, of an installed project's that below the working
  // directory.
  std::filesystem::path results() const;
  // A path of an experiment: relative ones count from the root, or where an installed project has none such, from the
  // working directory.
  std::filesystem::path resolve(const std::string& path) const;

  // FREEACT_HOME where it is set, else the first folder above the program (unless that is an installed one) or the
  // working directory that holds experiments/config.yaml, else PREFIX/share/freeact of a program PREFIX/bin/freeact.
  // Throws EnvironmentError when there is none.
  static Project find();
};

}  // namespace freeact
