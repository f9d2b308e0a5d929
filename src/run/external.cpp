#include "run/external.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "config/yaml.h"
#include "embedded/train.h"
#include "util/cache.h"
#include "util/hash.h"
#include "util/shell.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

// Held while it lives: two imports at a time would write the same files.
class CacheLock {
 public:
  CacheLock() : file_(open((cache_folder() / "import.lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    if (file_ < 0 || flock(file_, LOCK_EX) != 0)
      throw EnvironmentError("cannot write in '{}': check its permissions, or set XDG_CACHE_HOME",
                             cache_folder().string());
  }
  ~CacheLock() { close(file_); }
  CacheLock(const CacheLock&) = delete;
  CacheLock& operator=(const CacheLock&) = delete;

 private:
  const int file_;
};

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Runs the tool; what it says on stderr last is the fault, and its exit code is ours.
void run_tool(const fs::path& tool, const fs::path& folder, const std::string& from) {
  std::string command = shell_quoted(tool.string()) + " " + shell_quoted(folder.string());
  if (!from.empty()) command += " " + shell_quoted(from);
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>&1 >/dev/null").c_str(), "r"), pclose);
  if (!pipe) throw EnvironmentError("cannot start '{}'", tool.string());
  std::string said;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) said += static_cast<char>(c);
  const int status = pclose(pipe.release());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  throw EnvironmentError("{}", said.empty() ? fmt::format("'{}' failed", tool.string()) : last_line(said));
}

void copy_files(const External& external, const fs::path& folder, const std::string& from) {
  for (const auto& file : external.files) {
    std::error_code error;
    if (!fs::is_regular_file(fs::path(from) / file.name, error))
      throw UserError("'{}' holds no {}: see {}", from, file.name, external.source);
    fs::copy_file(fs::path(from) / file.name, folder / file.name, error);
    if (error) throw EnvironmentError("cannot write '{}': {}", (folder / file.name).string(), error.message());
  }
}

void check_source(const External& external, const std::string& from) {
  if (!from.empty() && !fs::exists(from)) throw UserError("there is no '{}' to import {} from", from, external.name);
  if (!from.empty() && !external.adapter.empty())
    throw UserError("{} is made of {} and takes no --from", external.name, external.base);
  if (from.empty() && !external.is_made())
    throw UserError("{} cannot be fetched: give --from FOLDER with its files from {}", external.name, external.source);
}

// Of the adapter the repository ships.
void merge_shipped(const Project& project, const External& external, const fs::path& folder) {
  const fs::path shipped = project.datasets() / external.adapter;
  merge_recipe(shipped / "recipe.yaml", shipped / "adapter.safetensors", folder);
}

void make(const Project& project, const External& external, const fs::path& folder, const std::string& from) {
  if (!external.adapter.empty()) return merge_shipped(project, external, folder);
  if (!external.tool.empty()) return run_tool(project.root / "tools" / external.tool, folder, from);
  copy_files(external, folder, from);
}

// An empty folder beside the final one, without what an import that was killed left there.
fs::path fresh_partial(const External& external) {
  const fs::path partial = external.imported().string() + ".partial";
  for (const auto& entry : fs::directory_iterator(partial.parent_path()))
    if (entry.path().string().starts_with(partial.string())) fs::remove_all(entry.path());
  fs::create_directories(partial);
  return partial;
}

std::string import_command(const External& external) {
  return fmt::format("freeact data import {}{}", external.name, external.is_made() ? "" : " --from FOLDER");
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

fs::path External::imported() const {
  return cache_folder() / folder;
}

fs::path External::found() const {
  return folder == "data/" + name ? data_folder(name) : imported();
}

std::vector<External> list_externals(const Project& project) {
  const Tree tree = load_yaml(project.datasets() / "external.yaml");
  std::vector<External> externals;
  try {
    for (const auto& [name, values] : tree.values.items()) {
      externals.push_back(read_fields<External>(values, name + "."));
      externals.back().name = name;
    }
  } catch (const FieldError& error) {
    throw located(error, tree.places);
  }
  return externals;
}

const External& find_external(const std::vector<External>& externals, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& external : externals) {
    if (external.name == name) return external;
    names.push_back(external.name);
  }
  throw UserError(unknown_name("model or data set to import", name, names));
}

std::string fault_of(const External& external, const fs::path& folder) {
  for (const auto& file : external.files) {
    if (!fs::is_regular_file(folder / file.name)) return fmt::format("lacks {}", file.name);
    if (const std::string is = sha256_file(folder / file.name); is != file.sha256)
      return fmt::format("holds another {} than expected (SHA-256 {} instead of {})", file.name, is, file.sha256);
  }
  return "";
}

void import_external(const Project& project, const External& external, const std::string& from) {
  // Before the lock, which the base takes too.
  if (!external.base.empty() && !fault_of(external, external.imported()).empty())
    import_external(project, find_external(list_externals(project), external.base), "");
  const fs::path target = external.imported();
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  const CacheLock lock;
  if (fault_of(external, target).empty()) return;
  check_source(external, from);
  const fs::path partial = fresh_partial(external);
  make(project, external, partial, from);
  if (const std::string fault = fault_of(external, partial); !fault.empty()) {
    fs::remove_all(partial);
    if (from.empty())
      throw EnvironmentError("what {} made {}: nothing is imported",
                             external.tool.empty() ? "the adapter" : external.tool, fault);
    throw UserError("'{}' {}: nothing is imported", from, fault);
  }
  fs::remove_all(target);
  fs::rename(partial, target);
}

void require_imported(const fs::path& path) {
  if (fs::exists(path)) return;
  for (const auto& external : list_externals(Project::find()))
    if (lies_in(path, external.imported()))
      throw EnvironmentError("'{}' is not there: run `{}`{}", path.string(), import_command(external),
                             external.is_made() ? "" : ", FOLDER with the files of " + external.source);
}

}  // namespace freeact
