#include "run/external.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "embedded/train.h"
#include "run/external_files.h"
#include "util/cache.h"
#include "util/shell.h"

namespace freeact {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDataFolder = "data/";

// Where users keep their data sets, "" where they have not said.
fs::path user_data() {
  const char* folder = std::getenv("FREEACT_DATA");
  return folder == nullptr ? "" : folder;
}

// Held while it lives: two imports at a time would write the same files.
class ImportLock {
 public:
  ImportLock() : file_(open((cache_folder() / "import.lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644)) {
    if (file_ < 0 || flock(file_, LOCK_EX) != 0)
      throw EnvironmentError("cannot write in '{}': check its permissions, or set XDG_CACHE_HOME",
                             cache_folder().string());
  }
  ~ImportLock() { close(file_); }
  ImportLock(const ImportLock&) = delete;
  ImportLock& operator=(const ImportLock&) = delete;

 private:
  const int file_;
};

// A folder that is there only until an import is whole.
class Partial {
 public:
  explicit Partial(const fs::path& target) : path_(target.string() + ".partial") {
    remove();
    std::error_code error;
    fs::create_directories(path_, error);
    if (error)
      throw EnvironmentError("cannot write in '{}': check its permissions{}", path_.parent_path().string(),
                             user_data().empty() ? "" : ", or unset FREEACT_DATA");
  }
  ~Partial() { remove(); }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  const fs::path& path() const { return path_; }

 private:
  // With what a tool that was killed left beside it.
  void remove() const {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_.parent_path(), error))
      if (entry.path().string().starts_with(path_.string())) fs::remove_all(entry.path(), error);
  }
  const fs::path path_;
};

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Runs the tool; what it says on stderr last is the fault, and its exit code tells whose fault it is.
void run_tool(const fs::path& tool, const fs::path& folder, const std::vector<fs::path>& from) {
  std::string command = shell_quoted(tool.string()) + " " + shell_quoted(folder.string());
  for (const auto& path : from) command += " " + shell_quoted(path.string());
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>&1 >/dev/null").c_str(), "r"), pclose);
  if (!pipe) throw EnvironmentError("cannot start '{}'", tool.string());
  std::string said;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) said += static_cast<char>(c);
  const int status = pclose(pipe.release());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string fault = said.empty() ? fmt::format("'{}' failed", tool.string()) : last_line(said);
  if (WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(ExitCode::kUserInput)) throw UserError("{}", fault);
  throw EnvironmentError("{}", fault);
}

void check_source(const External& external, const std::vector<fs::path>& from) {
  for (const auto& path : from)
    if (!fs::exists(path)) throw UserError("there is no '{}' to import {} from", path.string(), external.name);
  if (!from.empty() && !external.adapter.empty())
    throw UserError("{} is made of {} and takes no files", external.name, external.base);
  if (from.empty() && !external.is_made())
    throw UserError("{} cannot be fetched: run `{}` with what {} publishes, or give --from FOLDER with it",
                    external.name, external.command(), external.source);
}

// Of the adapter the repository ships.
void merge_shipped(const Project& project, const External& external, const fs::path& folder) {
  const fs::path shipped = project.datasets() / external.adapter;
  merge_recipe(shipped / "recipe.yaml", shipped / "adapter.safetensors", folder);
}

// What the user has, as the tool takes it; its sums, where they are known, are right.
std::vector<fs::path> checked_published(const External& external, const std::vector<fs::path>& from) {
  if (external.published.empty()) return from;
  const auto places = find_published(external, external.published, from);
  for (size_t i = 0; i < places.size(); ++i)
    if (const std::string wrong = wrong_sum(external.published[i], places[i]); !wrong.empty())
      throw UserError("'{}' is another {} than expected ({}): nothing is imported", places[i].string(),
                      external.published[i].name, wrong);
  return places;
}

void make(const Project& project, const External& external, const fs::path& folder, const std::vector<fs::path>& from) {
  if (!external.adapter.empty()) return merge_shipped(project, external, folder);
  if (external.tool.empty()) return copy_published(external, from, folder);
  run_tool(project.root / "tools" / external.tool, folder, checked_published(external, from));
  if (external.records()) record_import(folder);
}

// All that an import is made of was right, so this is the fault of what made it.
void check_made(const External& external, const fs::path& folder, const std::vector<fs::path>& from) {
  const std::string fault = fault_of(external, folder);
  if (fault.empty()) return;
  const std::string made = fmt::format("what {} made", external.tool.empty() ? "the adapter" : external.tool);
  if (from.empty()) throw EnvironmentError("{} {}: nothing is imported", made, fault);
  throw UserError("{} of '{}' {}: nothing is imported", made, from.front().string(), fault);
}

// The cache is ours; what lies among the user's data is theirs.
void refuse_to_replace(const External& external, const fs::path& target) {
  const bool is_ours = user_data().empty() || !external.folder.starts_with(kDataFolder);
  if (!is_ours && fs::exists(target))
    throw UserError("'{}' {}: move it away, or unset FREEACT_DATA", target.string(), fault_of(external, target));
}

bool lies_in(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

fs::path External::imported() const {
  if (!user_data().empty() && folder.starts_with(kDataFolder)) return user_data() / folder.substr(kDataFolder.size());
  return cache_folder() / folder;
}

fs::path External::found() const {
  return folder.starts_with(kDataFolder) ? data_folder(folder.substr(kDataFolder.size())) : cache_folder() / folder;
}

bool External::is_made() const {
  return (!tool.empty() || !adapter.empty()) && published.empty();
}

bool External::records() const {
  return std::ranges::any_of(files, [](const ExternalFile& file) { return file.sha256.empty(); });
}

std::string External::command() const {
  std::string command = "freeact data import " + name;
  if (is_made()) return command;
  if (!lists.empty()) return command + " FOLDER";
  for (const auto& file : published.empty() ? files : published) command += " " + file.name;
  return command;
}

std::string fault_of(const External& external, const fs::path& folder) {
  for (const auto& file : expected_files(external, folder)) {
    if (!fs::is_regular_file(folder / file.name)) return fmt::format("lacks {}", file.name);
    if (const std::string wrong = wrong_sum(file, folder / file.name); !wrong.empty())
      return fmt::format("holds another {} than expected ({})", file.name, wrong);
  }
  return "";
}

std::vector<std::string> import_external(const Project& project, const External& external,
                                         const std::vector<fs::path>& from) {
  if (!external.base.empty()) import_external(project, find_external(list_externals(project), external.base));
  if (fault_of(external, external.found()).empty()) return {};
  const fs::path target = external.imported();
  refuse_to_replace(external, target);
  check_source(external, from);
  std::error_code error;
  fs::create_directories(cache_folder(), error);
  const ImportLock lock;
  if (fault_of(external, external.found()).empty()) return {};  // another has just brought it
  const Partial partial(target);
  make(project, external, partial.path(), from);
  check_made(external, partial.path(), from);
  fs::remove_all(target);
  fs::rename(partial.path(), target);
  std::vector<std::string> unknown;
  for (const auto& file : external.published)
    if (file.sha256.empty() && file.md5.empty()) unknown.push_back(file.name);
  return unknown;
}

void require_imported(const fs::path& path) {
  if (fs::exists(path)) return;
  for (const auto& external : list_externals(Project::find()))
    if (lies_in(path, external.found()))
      throw EnvironmentError("'{}' is not there: run `{}`{}", path.string(), external.command(),
                             external.is_made() ? "" : " with the files of " + external.source);
}

}  // namespace freeact
