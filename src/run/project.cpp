#include "run/project.h"

#include <cstdlib>
#include <vector>

#include "util/error.h"

namespace freeact {

namespace fs = std::filesystem;

fs::path Project::resolve(const std::string& path) const {
  return fs::path(path).is_absolute() ? fs::path(path) : root / path;
}

Project Project::find() {
  const auto holds_project = [](const fs::path& folder) { return fs::exists(folder / "experiments" / "config.yaml"); };
  if (const char* home = std::getenv("FREEACT_HOME")) {
    if (holds_project(home)) return {fs::absolute(home)};
    throw EnvironmentError("FREEACT_HOME is '{}', which holds no experiments/config.yaml", home);
  }
  std::error_code ignored;
  for (fs::path start : {fs::read_symlink("/proc/self/exe", ignored).parent_path(), fs::current_path()})
    for (fs::path folder = start;; folder = folder.parent_path()) {
      if (holds_project(folder)) return {folder};
      if (folder == folder.parent_path()) break;
    }
  throw EnvironmentError("the project's folder was not found: set FREEACT_HOME to the folder that holds experiments/");
}

}  // namespace freeact
