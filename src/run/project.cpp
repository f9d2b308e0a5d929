#include "run/project.h"

#include <cstdlib>
#include <vector>

#include "util/error.h"

namespace freeact {

namespace fs = std::filesystem;

namespace {

bool holds_project(const fs::path& folder) {
  return fs::exists(folder / "experiments" / "config.yaml");
}

// The folder or the nearest above it; empty where there is none.
fs::path project_above(fs::path folder) {
  while (!holds_project(folder)) {
    if (folder == folder.parent_path()) return {};
    folder = folder.parent_path();
  }
  return folder;
}

fs::path program_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace

fs::path Project::results() const {
  return (installed ? fs::current_path() : root) / "results" / "local";
}

fs::path Project::resolve(const std::string& path) const {
  if (fs::path(path).is_absolute()) return path;
  return installed && !fs::exists(root / path) ? fs::current_path() / path : root / path;
}

Project Project::find() {
  const fs::path program = program_folder(), share = program.parent_path() / "share" / "freeact";
  const bool is_installed = holds_project(share);
  if (const char* home = std::getenv("FREEACT_HOME")) {
    if (holds_project(home)) return {fs::absolute(home), is_installed && fs::equivalent(home, share)};
    throw EnvironmentError("FREEACT_HOME is '{}', which holds no experiments/config.yaml", home);
  }
  if (const fs::path root = is_installed ? fs::path() : project_above(program); !root.empty()) return {root};
  if (const fs::path root = project_above(fs::current_path()); !root.empty()) return {root};
  if (is_installed) return {share, true};
  throw EnvironmentError("the project's folder was not found: set FREEACT_HOME to the folder that holds experiments/");
}

}  // namespace freeact
